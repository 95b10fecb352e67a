//! Storage: PersistentVolume, PersistentVolumeClaim, StorageClass and their like.

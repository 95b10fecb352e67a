//! What runs pods: Deployment, ReplicaSet, DaemonSet, StatefulSet, Job, CronJob, ReplicationController.

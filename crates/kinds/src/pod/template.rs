//! PodTemplates: templates that are objects of their own.

use portcullis_core::Timestamp;
use serde_json::Value;

use super::{default_template, drop_disabled, template_faults, template_warnings};
use crate::path::Path;
use crate::value::{at, map, map_mut, map_or_new, same, text};
use crate::workload::container_cells;
use crate::{FieldError, Kind, Object, generation, label, metadata};

/// `podtemplates`.
pub(crate) static POD_TEMPLATE: PodTemplate = PodTemplate;

const TEMPLATE: Path<'static> = Path::root("template");

/// A template of pods.
pub(crate) struct PodTemplate;

impl Kind for PodTemplate {
    fn default(&self, object: &mut Object) {
        map_or_new(object, "template");
        default_template(object, "template");
    }

    fn prepare_create(&self, object: &mut Object) {
        generation::first(object);
        if let Some(spec) = map_mut(object, "template").and_then(|one| map_mut(one, "spec")) {
            drop_disabled(spec, None);
        }
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        let before = map(old, "template").and_then(|one| map(one, "spec"));
        if let Some(spec) = map_mut(object, "template").and_then(|one| map_mut(one, "spec")) {
            drop_disabled(spec, before);
        }
        generation::next(object, old, &["template"]);
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let empty = Object::new();
        let mut faults = Vec::new();
        template_faults(map(object, "template").unwrap_or(&empty), &TEMPLATE, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        let mut warnings = Vec::new();
        if old.is_none_or(|old| !same(object.get("template"), old.get("template")))
            && let Some(template) = map(object, "template")
        {
            template_warnings(template, &TEMPLATE, &mut warnings);
        }
        warnings
    }

    fn cells(&self, object: &Object, _now: Timestamp) -> Option<Vec<Value>> {
        let template = map(object, "template");
        let [containers, images] = container_cells(template.and_then(|one| map(one, "spec")));
        let labels = at(object, &["template", "metadata", "labels"]).and_then(Value::as_object);
        Some(vec![
            map(object, "metadata").map_or("", |metadata| text(metadata, "name")).into(),
            containers,
            images,
            label::map_text(labels).into(),
        ])
    }
}

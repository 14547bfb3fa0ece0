//! The configuration as JSON Schema (draft 2020-12), from the same functions that read it.

use serde_json::{Map, Value, json};

use super::reader::Reader;

/// Writes a section down instead of reading one: answers every question with its default.
#[derive(Default)]
pub struct Described {
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl Described {
    /// The schema of one object, strict.
    pub fn finish(self) -> Value {
        let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": self.properties });
        if let Some(fields) = schema.as_object_mut().filter(|_| !self.required.is_empty()) {
            fields.insert("required".into(), json!(self.required));
        }
        schema
    }

    fn put(&mut self, key: &str, doc: &str, schema: Value) {
        let mut schema = schema;
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("description".into(), Value::String(doc.into()));
        }
        self.properties.insert(key.into(), schema);
    }

    fn inner(read: &mut dyn FnMut(&mut dyn Reader)) -> Value {
        let mut inner = Described::default();
        read(&mut inner);
        inner.finish()
    }
}

/// Says that the object at `pointer` must have `keys`.
pub fn require(schema: &mut Value, pointer: &str, keys: &[&str]) {
    if let Some(object) = schema.pointer_mut(pointer).and_then(Value::as_object_mut) {
        object.insert("required".into(), json!(keys));
    }
}

/// Says that the object at `pointer` must have `count` members.
pub fn at_least(schema: &mut Value, pointer: &str, count: usize) {
    if let Some(object) = schema.pointer_mut(pointer).and_then(Value::as_object_mut) {
        object.insert("minProperties".into(), json!(count));
    }
}

impl Reader for Described {
    fn integer(&mut self, key: &'static str, default: u64, min: u64, max: u64, doc: &'static str) -> u64 {
        self.put(key, doc, json!({ "type": "integer", "minimum": min, "maximum": max, "default": default }));
        default
    }

    fn number(&mut self, key: &'static str, default: f64, min: f64, max: f64, doc: &'static str) -> f64 {
        self.put(key, doc, json!({ "type": "number", "minimum": min, "maximum": max, "default": default }));
        default
    }

    fn boolean(&mut self, key: &'static str, default: bool, doc: &'static str) -> bool {
        self.put(key, doc, json!({ "type": "boolean", "default": default }));
        default
    }

    fn text(
        &mut self,
        key: &'static str,
        max: usize,
        pattern: &'static str,
        _valid: &dyn Fn(&str) -> bool,
        doc: &'static str,
    ) -> Option<String> {
        self.put(key, doc, json!({ "type": "string", "maxLength": max, "$comment": pattern }));
        None
    }

    fn texts(
        &mut self,
        key: &'static str,
        max: usize,
        pattern: &'static str,
        _valid: &dyn Fn(&str) -> bool,
        doc: &'static str,
    ) -> Vec<String> {
        let items = json!({ "type": "string", "maxLength": 256, "$comment": pattern });
        self.put(key, doc, json!({ "type": "array", "maxItems": max, "uniqueItems": true, "items": items }));
        Vec::new()
    }

    fn text_lists(
        &mut self,
        key: &'static str,
        max: (usize, usize),
        pattern: &'static str,
        _valid: &dyn Fn(&str) -> bool,
        doc: &'static str,
    ) -> Vec<Vec<String>> {
        let items = json!({ "type": "string", "maxLength": 256, "$comment": pattern });
        let list = json!({ "type": "array", "minItems": 1, "maxItems": max.1, "uniqueItems": true, "items": items });
        self.put(key, doc, json!({ "type": "array", "maxItems": max.0, "items": list }));
        Vec::new()
    }

    fn word(
        &mut self,
        key: &'static str,
        words: &[(&'static str, &'static str)],
        default: usize,
        doc: &'static str,
    ) -> usize {
        let each: Vec<_> = words.iter().map(|(word, doc)| json!({ "const": word, "description": doc })).collect();
        let default_word = words.get(default).map(|(word, _)| *word);
        self.put(key, doc, json!({ "oneOf": each, "default": default_word }));
        default
    }

    fn section(&mut self, key: &'static str, doc: &'static str, read: &mut dyn FnMut(&mut dyn Reader)) -> bool {
        let schema = Self::inner(read);
        self.put(key, doc, schema);
        false
    }

    fn list(&mut self, key: &'static str, max: usize, doc: &'static str, read: &mut dyn FnMut(&mut dyn Reader)) {
        let schema = json!({ "type": "array", "maxItems": max, "items": Self::inner(read) });
        self.put(key, doc, schema);
    }

    fn map(&mut self, key: &'static str, max: usize, doc: &'static str, read: &mut dyn FnMut(&str, &mut dyn Reader)) {
        let schema = json!({
            "type": "object",
            "maxProperties": max,
            "propertyNames": { "pattern": "^[A-Za-z0-9_.-]{1,64}$" },
            "additionalProperties": Self::inner(&mut |r| read("", r)),
        });
        self.put(key, doc, schema);
    }

    fn required(&mut self, key: &'static str, _remedy: &'static str) {
        self.required.push(key);
    }

    fn has(&self, _key: &str) -> bool {
        false
    }

    fn misplaced(&mut self, _key: &'static str, _problem: &str, _remedy: String) {}

    fn problem(&mut self, _key: &str, _problem: String, _remedy: String) {}
}

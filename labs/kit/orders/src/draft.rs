//! From what came in to what may be stored.
//!
//! A draft holds what a client said, a parsed value what the store takes: a
//! [`NewOrder`] can't be built from anything but a draft that has no fault.
//! serde would stop at the first fault; a draft is read untyped and names all.

use serde_json::{Map, Value};

use crate::{Condition, Equipment, Fault, Faults, OrderError, OrderId, Outcome};

const MOST_CHARACTERS: usize = 64;
const MOST_ITEMS: usize = 20;

/// An order that may be placed: its values hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    pub(crate) created_by: String,
    pub(crate) equipment: Vec<Equipment>,
}

impl NewOrder {
    /// Who places it.
    pub fn created_by(&self) -> &str {
        &self.created_by
    }

    /// What is ordered.
    pub fn equipment(&self) -> &[Equipment] {
        &self.equipment
    }
}

/// An update that may be tried: its values hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderUpdate {
    pub(crate) id: OrderId,
    pub(crate) equipment: Vec<Equipment>,
    pub(crate) condition: Condition,
}

/// A deletion that may be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderDeletion {
    pub(crate) id: OrderId,
    pub(crate) condition: Condition,
}

/// A worker's result that may be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderResult {
    pub(crate) id: OrderId,
    pub(crate) condition: Condition,
    pub(crate) outcome: Outcome,
}

/// An order as a client asked for it.
#[derive(Clone, Debug, Default)]
pub struct OrderDraft {
    // `None`: it was missing or of the wrong type, and `faults` says so.
    created_by: Option<String>,
    equipment: Option<Vec<String>>,
    faults: Faults,
}

impl OrderDraft {
    /// From typed fields; equipment by name.
    pub fn new(created_by: String, equipment: Vec<String>) -> Self {
        Self { created_by: Some(created_by), equipment: Some(equipment), faults: Faults::default() }
    }

    /// From a JSON text `{"created_by","equipment"}`. Only a text that is not
    /// JSON is an error here; what else is wrong comes out of [`Self::parse`].
    pub fn from_json(text: &[u8]) -> Result<Self, OrderError> {
        Ok(Self::from_body(Body::read(text)?))
    }

    pub(crate) fn from_body(mut body: Body) -> Self {
        let (created_by, equipment) = (body.string("created_by"), body.strings("equipment"));
        Self { created_by, equipment, faults: body.no_more_fields() }
    }

    /// The order, or every fault at once.
    pub fn parse(self) -> Result<NewOrder, OrderError> {
        let mut faults = self.faults;
        let created_by = self.created_by.and_then(|name| faults.take(parse_created_by(name)));
        let equipment = self.equipment.and_then(|names| parse_equipment(&names, &mut faults));
        faults.into_result(created_by.zip(equipment).map(|(created_by, equipment)| NewOrder { created_by, equipment }))
    }
}

/// An update as a client asked for it.
#[derive(Clone, Debug)]
pub struct UpdateDraft {
    pub(crate) id: String,
    pub(crate) equipment: Option<Vec<String>>,
    pub(crate) etag: Option<String>,
    pub(crate) faults: Faults,
}

impl UpdateDraft {
    /// From typed fields. `etag` is what `If-Match` holds; `None` when it was not given.
    pub fn new(id: String, equipment: Vec<String>, etag: Option<String>) -> Self {
        Self { id, equipment: Some(equipment), etag, faults: Faults::default() }
    }

    /// From a JSON text `{"equipment"}` and what came beside it.
    pub fn from_json(id: String, text: &[u8], etag: Option<String>) -> Result<Self, OrderError> {
        let mut body = Body::read(text)?;
        Ok(Self { id, equipment: body.strings("equipment"), etag, faults: body.no_more_fields() })
    }

    /// The update; or that its condition is missing; or every fault at once.
    pub fn parse(self) -> Result<OrderUpdate, OrderError> {
        let etag = self.etag.ok_or(OrderError::ConditionMissing)?;
        let mut faults = self.faults;
        let id = faults.take(parse_id(&self.id));
        let condition = faults.take(Condition::parse(&etag));
        let equipment = self.equipment.and_then(|names| parse_equipment(&names, &mut faults));
        let built = id.zip(condition).zip(equipment);
        faults.into_result(built.map(|((id, condition), equipment)| OrderUpdate { id, equipment, condition }))
    }
}

/// A deletion as a client asked for it.
#[derive(Clone, Debug)]
pub struct DeleteDraft {
    /// The order's UUID.
    pub id: String,
    /// What `If-Match` holds; `None` deletes any version.
    pub etag: Option<String>,
}

impl DeleteDraft {
    /// The deletion, or every fault at once.
    pub fn parse(self) -> Result<OrderDeletion, OrderError> {
        let mut faults = Faults::default();
        let id = faults.take(parse_id(&self.id));
        let condition = faults.take(self.etag.as_deref().map_or(Ok(Condition::Any), Condition::parse));
        faults.into_result(id.zip(condition).map(|(id, condition)| OrderDeletion { id, condition }))
    }
}

/// What a worker said of an order that it was handed.
#[derive(Clone, Debug)]
pub struct ResultDraft {
    /// The order's UUID.
    pub id: String,
    /// The etag that came with the order.
    pub etag: String,
    /// What became of it.
    pub outcome: Outcome,
}

impl ResultDraft {
    /// The result, or every fault at once.
    pub fn parse(self) -> Result<OrderResult, OrderError> {
        let mut faults = Faults::default();
        let id = faults.take(parse_id(&self.id));
        let condition = faults.take(Condition::parse(&self.etag));
        let outcome = self.outcome;
        faults.into_result(id.zip(condition).map(|(id, condition)| OrderResult { id, condition, outcome }))
    }
}

impl OrderId {
    /// From a parameter named `id`.
    pub fn parse(text: &str) -> Result<Self, OrderError> {
        parse_id(text).map_err(OrderError::from)
    }
}

fn parse_id(text: &str) -> Result<OrderId, Fault> {
    text.parse().map_err(|wrong: crate::UnknownName| Fault::parameter("id", wrong.to_string()))
}

fn parse_created_by(name: String) -> Result<String, Fault> {
    let characters = name.chars().count();
    if !(1..=MOST_CHARACTERS).contains(&characters) {
        return Err(Fault::body(
            "/created_by",
            format!("must have 1 to {MOST_CHARACTERS} characters, not {characters}"),
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(Fault::body("/created_by", "must have no control characters"));
    }
    Ok(name)
}

fn parse_equipment(names: &[String], faults: &mut Faults) -> Option<Vec<Equipment>> {
    if !(1..=MOST_ITEMS).contains(&names.len()) {
        faults.push(Fault::body("/equipment", format!("must have 1 to {MOST_ITEMS} items, not {}", names.len())));
    }
    let parsed = names.iter().enumerate().map(|(at, name)| {
        let item = name.parse();
        faults
            .take(item.map_err(|wrong: crate::UnknownName| Fault::body(format!("/equipment/{at}"), wrong.to_string())))
    });
    // Every item is looked at, also after the first that is wrong.
    let parsed: Vec<_> = parsed.collect();
    parsed.into_iter().collect()
}

/// A JSON object whose fields are taken one by one; what is left over is a fault.
pub(crate) struct Body {
    pub(crate) fields: Map<String, Value>,
    faults: Faults,
    is_object: bool,
}

impl Body {
    pub(crate) fn read(text: &[u8]) -> Result<Self, OrderError> {
        let value = serde_json::from_slice(text).map_err(|error| OrderError::NotParseable(error.to_string()))?;
        Ok(Self::of(value))
    }

    pub(crate) fn of(value: Value) -> Self {
        let mut faults = Faults::default();
        let (fields, is_object) = match value {
            Value::Object(fields) => (fields, true),
            _ => {
                faults.push(Fault::body("", "must be a JSON object"));
                (Map::new(), false)
            }
        };
        Self { fields, faults, is_object }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let value = self.fields.remove(name);
        if value.is_none() && self.is_object {
            self.faults.push(Fault::body(format!("/{name}"), "is missing"));
        }
        value
    }

    pub(crate) fn string(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => self.wrong_type(format!("/{name}"), "a string", &other),
        }
    }

    /// Items of a wrong type become names that no equipment has, so that the
    /// parser, which counts places, reports them beside the others.
    pub(crate) fn strings(&mut self, name: &str) -> Option<Vec<String>> {
        match self.take(name)? {
            Value::Array(items) => Some(items.into_iter().map(text_of).collect()),
            other => self.wrong_type(format!("/{name}"), "an array", &other),
        }
    }

    /// A version; 0 when it isn't there. After a fault any number does: the request is refused.
    pub(crate) fn version(&mut self, name: &str) -> u64 {
        let Some(value) = self.fields.remove(name) else { return 0 };
        let fault =
            |found: &str| Fault::body(format!("/{name}"), format!("must be a whole number from 0, not {found}"));
        value.as_u64().unwrap_or_else(|| {
            let found = if value.is_number() { value.to_string() } else { type_of(&value).to_owned() };
            self.faults.push(fault(&found));
            1
        })
    }

    fn wrong_type<T>(&mut self, pointer: String, wanted: &str, found: &Value) -> Option<T> {
        self.faults.push(Fault::body(pointer, format!("must be {wanted}, not {}", type_of(found))));
        None
    }

    pub(crate) fn no_more_fields(mut self) -> Faults {
        for name in self.fields.keys() {
            // RFC 6901 §3: `~` and `/` are escaped in a pointer. A name is cut: the client chose its length.
            let name: String = name.chars().take(MOST_CHARACTERS).collect();
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            self.faults.push(Fault::body(pointer, "is not a field of this request"));
        }
        self.faults
    }
}

fn text_of(item: Value) -> String {
    match item {
        Value::String(text) => text,
        other => type_of(&other).to_owned(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;

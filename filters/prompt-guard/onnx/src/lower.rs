//! Nodes into steps.

use std::collections::HashMap;

use portcullis_classifier::{Constant, Dim, Plan, Step, Table, View, Width, stride};
use portcullis_features::{GRAM_IDS, GRAMS, TOKEN_IDS, TOKENS};

use crate::constant::{Kind, Known};
use crate::proto::{FLOAT, INT64, Model, Node, Port};
use crate::shape::{Axis, plane, shown};
use crate::{fuse, operators};

/// A value that hangs on the input.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub kind: Kind,
    pub shape: Vec<Axis>,
    pub view: View,
}

/// What a name of the graph stands for.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Known(Known),
    Live(Live),
}

impl Value {
    pub(crate) fn shape(&self) -> Vec<Axis> {
        match self {
            Self::Known(known) => known.dims.iter().map(|dim| Axis::Fixed(*dim)).collect(),
            Self::Live(live) => live.shape.clone(),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Known(known) => known.kind,
            Self::Live(live) => live.kind,
        }
    }
}

/// A plan in the making.
#[derive(Default)]
pub(crate) struct Lowering {
    values: HashMap<String, Value>,
    pub steps: Vec<Step>,
    slots: Vec<usize>,
    constants: Vec<Constant>,
    tables: Vec<Table>,
    data: Vec<u8>,
}

pub(crate) fn lower(model: &Model) -> Result<Plan, String> {
    let mut lowering = Lowering::default();
    for (name, tensor) in &model.tensors {
        // What no node reads may be of any type.
        if model.nodes.iter().any(|node| node.inputs.contains(name)) {
            let known = Known::of(tensor).map_err(|why| format!("tensor `{name}`: {why}"))?;
            lowering.values.insert(name.clone(), Value::Known(known));
        }
    }
    let ports: Vec<_> = model.inputs.iter().filter(|port| !model.tensors.contains_key(&port.name)).collect();
    let tokens = lowering.input(&ports, "tokens", Axis::Tokens)?;
    let grams = lowering.input(&ports, "grams", Axis::Grams)?;
    if let Some(port) = ports.iter().find(|port| !["tokens", "grams"].contains(&port.name.as_str())) {
        return Err(format!("input `{}` is not known; {INPUTS}", port.name));
    }
    for (place, node) in model.nodes.iter().enumerate() {
        let name = if node.name.is_empty() { format!("number {place}") } else { format!("`{}`", node.name) };
        let out = operators::lower(&mut lowering, node)
            .map_err(|why| format!("operator {} at node {name}: {why}", node.op))?;
        let Some(first) = node.outputs.first() else { continue };
        if let Some(other) = node.outputs.iter().skip(1).find(|other| !other.is_empty()) {
            return Err(format!("operator {} at node {name}: the output `{other}` is not supported", node.op));
        }
        lowering.values.insert(first.clone(), out);
    }
    let [output] = &model.outputs[..] else {
        return Err(format!("it has {} outputs; one is expected, `logits`: float32[W,1]", model.outputs.len()));
    };
    let logit = match lowering.values.get(&output.name) {
        Some(Value::Live(live))
            if live.kind == Kind::Float && plane(&live.shape) == Ok((Dim::Fixed(1), Dim::Fixed(1))) =>
        {
            live.view
        }
        Some(value) => {
            let shape = shown(&value.shape());
            return Err(format!("output `{}` has the shape {shape}; expected is float32[W,1]", output.name));
        }
        None => return Err(format!("output `{}` comes from no node", output.name)),
    };
    let Lowering { steps, slots, constants, tables, data, .. } = lowering;
    let steps = fuse::relu(steps, logit.slot);
    Ok(Plan {
        steps: steps.into(),
        slots: slots.into(),
        constants: constants.into(),
        tables: tables.into(),
        tokens,
        grams,
        logit,
        data: data.into(),
    })
}

const INPUTS: &str = "expected are `tokens`: int64[W,T] and `grams`: int64[W,G]";

impl Lowering {
    fn input(&mut self, ports: &[&Port], name: &str, axis: Axis) -> Result<View, String> {
        let port = ports
            .iter()
            .find(|port| port.name == name)
            .ok_or_else(|| format!("there is no input `{name}`; {INPUTS}"))?;
        let free = port.shape.iter().skip(1).all(Result::is_err);
        if port.kind != INT64 || port.shape.len() != 2 || !free {
            let shape: Vec<_> =
                port.shape.iter().map(|dim| dim.clone().map_or_else(|name| name, |n| n.to_string())).collect();
            let kind = match port.kind {
                INT64 => "int64".to_string(),
                FLOAT => "float32".to_string(),
                kind => format!("data type {kind}"),
            };
            return Err(format!("input `{name}` is {kind}[{}]; {INPUTS}, the second axis free", shape.join(",")));
        }
        let shape = vec![Axis::Windows, axis];
        let view = self.room(&shape)?;
        self.values.insert(name.to_string(), Value::Live(Live { kind: Kind::Int, shape, view }));
        Ok(view)
    }

    /// The value of an input of a node; `None` when it is left out.
    pub(crate) fn value(&self, node: &Node, at: usize) -> Result<Option<Value>, String> {
        match node.inputs.get(at).filter(|name| !name.is_empty()) {
            None => Ok(None),
            Some(name) => match self.values.get(name) {
                Some(value) => Ok(Some(value.clone())),
                None => Err(format!("nothing gives its input `{name}`")),
            },
        }
    }

    pub(crate) fn need(&self, node: &Node, at: usize) -> Result<Value, String> {
        self.value(node, at)?.ok_or_else(|| format!("its input number {at} is missing"))
    }

    /// A new slot for a value of `shape`.
    pub(crate) fn room(&mut self, shape: &[Axis]) -> Result<View, String> {
        let (rows, cols) = plane(shape)?;
        let most = |dim| match dim {
            Dim::Fixed(n) => n,
            Dim::Tokens => TOKENS,
            Dim::Grams => GRAMS,
        };
        self.slots.push(most(rows) * stride(most(cols)));
        Ok(View { slot: self.slots.len() - 1, rows, cols })
    }

    /// A value that hangs on the input, in a slot: its own, or one that is filled once.
    pub(crate) fn live(&mut self, value: Value) -> Result<Live, String> {
        let known = match value {
            Value::Live(live) => return Ok(live),
            Value::Known(known) => known,
        };
        let shape: Vec<_> = known.dims.iter().map(|dim| Axis::Fixed(*dim)).collect();
        let view = self.room(&shape)?;
        let at = self.put(&known.bytes(), 4);
        self.constants.push(Constant { view, at });
        Ok(Live { kind: known.kind, shape, view })
    }

    /// Bytes at the end of the data; gives their place.
    pub(crate) fn put(&mut self, bytes: &[u8], align: usize) -> usize {
        self.data.resize(self.data.len().next_multiple_of(align), 0);
        self.data.extend_from_slice(bytes);
        self.data.len() - bytes.len()
    }

    /// A table that ids of `axis` select from; gives its place and what its numbers are to be multiplied with.
    pub(crate) fn table(&mut self, known: &Known, axis: Axis) -> Result<(usize, f32), String> {
        let rows = known.dims.first().copied().unwrap_or(0);
        let (ids, name) = if axis == Axis::Grams { (GRAM_IDS, "grams") } else { (TOKEN_IDS, "tokens") };
        if rows < ids {
            return Err(format!("its table has {rows} rows; ids of `{name}` go up to {}", ids - 1));
        }
        let cols = known.dims.iter().skip(1).product();
        let (width, bytes, scale) = known.stored.clone().unwrap_or_else(|| (Width::F32, known.bytes(), 1.0));
        let at = self.put(&bytes, 4);
        self.tables.push(Table { rows, cols, width, at });
        Ok((self.tables.len() - 1, scale))
    }
}

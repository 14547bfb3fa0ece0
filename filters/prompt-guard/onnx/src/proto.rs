//! The parts of ONNX's file format that a classifier needs (onnx.proto of ONNX 1.16; protobuf wire format).

use std::collections::HashMap;

/// A model, as far as it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// The version of the standard operators.
    pub opset: u64,
    pub nodes: Vec<Node>,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    pub tensors: HashMap<String, Tensor>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub name: String,
    pub op: String,
    pub domain: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: HashMap<String, Attribute>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Attribute {
    pub float: f32,
    pub int: i64,
    pub ints: Vec<i64>,
    pub text: Vec<u8>,
    pub tensor: Option<Tensor>,
}

/// An input or an output: its type, and its shape with names where it is free.
#[derive(Clone, Debug, Default)]
pub(crate) struct Port {
    pub name: String,
    pub kind: u64,
    pub shape: Vec<Result<u64, String>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tensor {
    pub dims: Vec<usize>,
    /// `TensorProto.DataType`.
    pub kind: u64,
    /// Little end first, whatever member it stood in.
    pub raw: Vec<u8>,
    pub external: bool,
}

pub(crate) const FLOAT: u64 = 1;
pub(crate) const UINT8: u64 = 2;
pub(crate) const INT8: u64 = 3;
pub(crate) const INT32: u64 = 6;
pub(crate) const INT64: u64 = 7;
pub(crate) const BOOL: u64 = 9;

/// A member of a message.
enum Member<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Four([u8; 4]),
    Eight,
}

/// The members of a message; an error ends them.
struct Members<'a>(&'a [u8]);

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or("a number is cut")?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number has more than ten bytes".into())
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<(u64, Member<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| {
            let key = varint(&mut self.0)?;
            let take = |bytes: &mut &'a [u8], count: usize| {
                let (head, rest) = bytes.split_at_checked(count).ok_or("a member is cut")?;
                *bytes = rest;
                Ok::<_, String>(head)
            };
            let member = match key & 7 {
                0 => Member::Number(varint(&mut self.0)?),
                1 => take(&mut self.0, 8).map(|_| Member::Eight)?,
                2 => {
                    let length = usize::try_from(varint(&mut self.0)?).map_err(|_| "a member is too long")?;
                    Member::Bytes(take(&mut self.0, length)?)
                }
                5 => Member::Four(take(&mut self.0, 4)?.try_into().map_err(|_| "a member is cut")?),
                _ => return Err("this is no ONNX file".into()),
            };
            Ok((key >> 3, member))
        })
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn packed(bytes: &[u8], into: &mut Vec<i64>) -> Result<(), String> {
    let mut rest = bytes;
    while !rest.is_empty() {
        into.push(varint(&mut rest)?.cast_signed());
    }
    Ok(())
}

impl Model {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut model = Self::default();
        for member in Members(bytes) {
            match member? {
                (7, Member::Bytes(graph)) => model.graph(graph)?,
                (8, Member::Bytes(opset)) => {
                    let (mut domain, mut version) = (String::new(), 0);
                    for member in Members(opset) {
                        match member? {
                            (1, Member::Bytes(bytes)) => domain = text(bytes),
                            (2, Member::Number(number)) => version = number,
                            _ => {}
                        }
                    }
                    if domain.is_empty() || domain == "ai.onnx" {
                        model.opset = version;
                    }
                }
                _ => {}
            }
        }
        Ok(model)
    }

    fn graph(&mut self, bytes: &[u8]) -> Result<(), String> {
        for member in Members(bytes) {
            match member? {
                (1, Member::Bytes(node)) => self.nodes.push(Node::read(node)?),
                (5, Member::Bytes(tensor)) => {
                    let (name, tensor) = Tensor::read(tensor)?;
                    self.tensors.insert(name, tensor);
                }
                (11, Member::Bytes(port)) => self.inputs.push(Port::read(port)?),
                (12, Member::Bytes(port)) => self.outputs.push(Port::read(port)?),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Node {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut node = Self::default();
        for member in Members(bytes) {
            match member? {
                (1, Member::Bytes(name)) => node.inputs.push(text(name)),
                (2, Member::Bytes(name)) => node.outputs.push(text(name)),
                (3, Member::Bytes(name)) => node.name = text(name),
                (4, Member::Bytes(name)) => node.op = text(name),
                (7, Member::Bytes(name)) => node.domain = text(name),
                (5, Member::Bytes(attribute)) => {
                    let (name, attribute) = Attribute::read(attribute)?;
                    node.attributes.insert(name, attribute);
                }
                _ => {}
            }
        }
        Ok(node)
    }
}

impl Attribute {
    fn read(bytes: &[u8]) -> Result<(String, Self), String> {
        let (mut name, mut attribute) = (String::new(), Self::default());
        for member in Members(bytes) {
            match member? {
                (1, Member::Bytes(bytes)) => name = text(bytes),
                (2, Member::Four(bytes)) => attribute.float = f32::from_le_bytes(bytes),
                (3, Member::Number(number)) => attribute.int = number.cast_signed(),
                (4, Member::Bytes(bytes)) => attribute.text = bytes.to_vec(),
                (5, Member::Bytes(bytes)) => attribute.tensor = Some(Tensor::read(bytes)?.1),
                (8, Member::Number(number)) => attribute.ints.push(number.cast_signed()),
                (8, Member::Bytes(bytes)) => packed(bytes, &mut attribute.ints)?,
                _ => {}
            }
        }
        Ok((name, attribute))
    }
}

impl Port {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut port = Self::default();
        for member in Members(bytes) {
            match member? {
                (1, Member::Bytes(name)) => port.name = text(name),
                (2, Member::Bytes(kind)) => {
                    for member in Members(kind) {
                        if let (1, Member::Bytes(tensor)) = member? {
                            port.tensor(tensor)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(port)
    }

    fn tensor(&mut self, bytes: &[u8]) -> Result<(), String> {
        for member in Members(bytes) {
            match member? {
                (1, Member::Number(kind)) => self.kind = kind,
                (2, Member::Bytes(shape)) => {
                    for member in Members(shape) {
                        let (1, Member::Bytes(dim)) = member? else { continue };
                        let mut extent = Err(String::new());
                        for member in Members(dim) {
                            match member? {
                                (1, Member::Number(number)) => extent = Ok(number),
                                (2, Member::Bytes(name)) => extent = Err(text(name)),
                                _ => {}
                            }
                        }
                        self.shape.push(extent);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Tensor {
    fn read(bytes: &[u8]) -> Result<(String, Self), String> {
        let (mut name, mut tensor) = (String::new(), Self::default());
        let (mut ints, mut wide) = (Vec::new(), Vec::new());
        for member in Members(bytes) {
            match member? {
                (1, Member::Number(dim)) => {
                    tensor.dims.push(usize::try_from(dim).map_err(|_| "a tensor is too large")?)
                }
                (1, Member::Bytes(dims)) => {
                    let mut all = Vec::new();
                    packed(dims, &mut all)?;
                    for dim in all {
                        tensor.dims.push(usize::try_from(dim).map_err(|_| "a tensor is too large")?);
                    }
                }
                (2, Member::Number(kind)) => tensor.kind = kind,
                (4, Member::Bytes(floats)) => tensor.raw.extend_from_slice(floats),
                (4, Member::Four(float)) => tensor.raw.extend_from_slice(&float),
                (5, Member::Bytes(bytes)) => packed(bytes, &mut ints)?,
                (5, Member::Number(number)) => ints.push(number.cast_signed()),
                (7, Member::Bytes(bytes)) => packed(bytes, &mut wide)?,
                (7, Member::Number(number)) => wide.push(number.cast_signed()),
                (8, Member::Bytes(bytes)) => name = text(bytes),
                (9, Member::Bytes(raw)) => tensor.raw.extend_from_slice(raw),
                (13, _) | (14, Member::Number(1)) => tensor.external = true,
                _ => {}
            }
        }
        // int32_data holds the small types, too, each as a number of its own.
        for number in ints {
            let bytes = number.to_le_bytes();
            let size = if tensor.kind == INT32 { 4 } else { 1 };
            tensor.raw.extend(bytes.iter().take(size));
        }
        for number in wide {
            tensor.raw.extend_from_slice(&number.to_le_bytes());
        }
        Ok((name, tensor))
    }
}

//! What a model is once it was read: steps, and the weights in place.

use std::borrow::Cow;

/// A model, ready to be written down as Rust: [`std::fmt::Debug`] of its parts is their source.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is done, in this order.
    pub steps: Cow<'static, [Step]>,
    /// Floats of memory for each slot, at most.
    pub slots: Cow<'static, [usize]>,
    /// Slots that hold the same for every window.
    pub constants: Cow<'static, [Constant]>,
    /// What ids select rows of.
    pub tables: Cow<'static, [Table]>,
    /// Where the inputs are put, as numbers.
    pub tokens: View,
    /// Where the inputs are put, as numbers.
    pub grams: View,
    /// Where the logit stands: one number.
    pub logit: View,
    /// Weights, little end first.
    pub data: Cow<'static, [u8]>,
}

/// The extent of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dim {
    /// Always this.
    Fixed(usize),
    /// Tokens of the window.
    Tokens,
    /// Grams of the window.
    Grams,
}

/// A matrix in a slot, row by row, each row at a multiple of [`stride`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The slot.
    pub slot: usize,
    /// How many rows.
    pub rows: Dim,
    /// How many numbers in a row.
    pub cols: Dim,
}

/// From one row to the next: `cols` and up to seven numbers of no meaning, so that rows are read eight at a time.
pub const fn stride(cols: usize) -> usize {
    cols.saturating_add(7) & !7
}

/// A slot that is filled once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant {
    /// What is filled; of fixed extent.
    pub view: View,
    /// The place of its first float in the data, in bytes; its rows follow each other without gaps.
    pub at: usize,
}

/// Rows that ids select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// How many rows.
    pub rows: usize,
    /// Numbers in a row.
    pub cols: usize,
    /// How a number is written.
    pub width: Width,
    /// The place of the first in the data, in bytes.
    pub at: usize,
}

/// How a number of a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// A signed byte.
    I8,
    /// A byte.
    U8,
    /// Four bytes, IEEE 754.
    F32,
}

impl Width {
    /// Bytes of one number.
    pub const fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::F32 => 4,
        }
    }
}

/// Weights that a matrix is multiplied with: `rows` of `cols` floats, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// How many rows.
    pub rows: usize,
    /// Numbers in a row.
    pub cols: usize,
    /// The place of the first in the data, in bytes.
    pub at: usize,
    /// The place of a float for each result (channel or column), in bytes.
    pub bias: Option<usize>,
    /// Whether what is below 0 becomes 0.
    pub relu: bool,
}

/// One step. What it writes is another slot than those that it reads.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "`a`, `b` and `c` are read, `out` is written, `before` is the padding on the left")]
pub enum Step {
    /// A row of the table for each id; an id beyond the table is id 0.
    Gather { table: usize, ids: View, out: View },
    /// Of each number by itself.
    Each { op: Unary, a: View, out: View },
    /// Of two numbers; what is smaller is repeated.
    Pair { op: Binary, a: View, a_reach: Reach, b: View, b_reach: Reach, out: View },
    /// The second where the first is not 0, else the third; `reaches` are theirs.
    Choose { c: View, a: View, b: View, reaches: [Reach; 3], out: View },
    /// Rows become columns.
    Transpose { a: View, out: View },
    /// A convolution of one channel with itself: `matrix` has a row for each channel and a column for each tap.
    Deep { a: View, out: View, matrix: Matrix, before: usize, dilation: usize },
    /// A convolution of all channels: `matrix` has a row for each result, and taps by channels in it, tap by tap.
    Wide { a: View, out: View, matrix: Matrix, taps: usize, before: usize, dilation: usize },
    /// Each row times `matrix`, which has a row for each number of it.
    Product { a: View, out: View, matrix: Matrix },
    /// One number of every row, or of every column.
    Reduce { op: Reduction, along: Along, a: View, out: View },
    /// One behind the other.
    Concat { along: Along, a: View, b: View, out: View },
}

/// How an operand meets a result that is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It has every number.
    Full,
    /// It has one for each column: one row.
    Columns,
    /// It has one for each row of the result, written as one row.
    Rows,
    /// It has one.
    One,
}

impl Reach {
    pub(crate) fn place(self, row: usize, column: usize, wide: usize) -> usize {
        match self {
            Self::Full => row.saturating_mul(wide).saturating_add(column),
            Self::Columns => column,
            Self::Rows => row,
            Self::One => 0,
        }
    }
}

/// Operations of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// What is below 0 becomes 0.
    Relu,
    /// 1 / (1 + e^-x).
    Sigmoid,
    /// -x.
    Neg,
    /// 1 for 0, 0 for the rest.
    Not,
    /// As it is.
    Copy,
}

/// Operations of two numbers; truth is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient.
    Div,
    /// The greater.
    Max,
    /// The lesser.
    Min,
    /// Whether both are the same.
    Equal,
    /// Whether the first is greater.
    Greater,
    /// Whether the first is less.
    Less,
}

/// What many numbers become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// Their sum through their number.
    Mean,
    /// The greatest.
    Max,
    /// The least.
    Min,
}

/// A direction in a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// Down, over the rows.
    Rows,
    /// Across, over the columns.
    Columns,
}

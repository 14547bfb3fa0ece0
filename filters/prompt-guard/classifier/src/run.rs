//! A plan made ready, and one window through it.

use crate::exp::sigmoid;
use crate::kernel::{Bias, Eight, Target, product};
use crate::plan::{Along, Binary, Dim, Matrix, Plan, Reach, Reduction, Step, Table, Unary, View, Width, stride};

/// A plan whose weights are laid out for [`product`]. Shared by all who run it.
#[derive(Debug)]
pub struct Classifier {
    plan: Plan,
    /// For each step that multiplies: its weights in panels, and its bias.
    weights: Vec<(Vec<Eight>, Vec<f32>)>,
}

/// The memory of one who runs a classifier; made once, used for every window.
#[derive(Debug)]
pub struct Scratch {
    slots: Vec<Vec<f32>>,
    panels: Vec<Eight>,
    line: Vec<f32>,
}

/// The extent of the inputs of one window.
#[derive(Clone, Copy)]
struct Extent {
    tokens: usize,
    grams: usize,
}

impl Extent {
    fn of(self, dim: Dim) -> usize {
        match dim {
            Dim::Fixed(n) => n,
            Dim::Tokens => self.tokens,
            Dim::Grams => self.grams,
        }
    }

    fn shape(self, view: View) -> (usize, usize) {
        (self.of(view.rows), self.of(view.cols))
    }
}

impl Classifier {
    /// Makes a plan ready: copies what is multiplied with, and leaves tables where they are.
    pub fn new(plan: Plan) -> Self {
        let weights = plan.steps.iter().map(|step| {
            let data = &plan.data;
            match step {
                Step::Wide { matrix, .. } => {
                    (rows_in_panels(&floats_of(data, *matrix), matrix.cols), bias(data, *matrix, matrix.rows))
                }
                Step::Product { matrix, .. } => (
                    columns_in_panels(&floats_of(data, *matrix), matrix.rows, matrix.cols),
                    bias(data, *matrix, matrix.cols),
                ),
                Step::Deep { matrix, .. } => {
                    let mut flat = floats_of(data, *matrix);
                    flat.extend(bias(data, *matrix, matrix.rows));
                    (Vec::new(), flat)
                }
                _ => (Vec::new(), Vec::new()),
            }
        });
        let weights = weights.collect();
        Self { plan, weights }
    }

    /// Memory to run it with.
    pub fn scratch(&self) -> Scratch {
        let mut slots: Vec<Vec<f32>> = self.plan.slots.iter().map(|floats| vec![0.0; *floats]).collect();
        for constant in self.plan.constants.iter() {
            let (rows, cols) = Extent { tokens: 0, grams: 0 }.shape(constant.view);
            let all = floats(&self.plan.data, constant.at, rows.saturating_mul(cols));
            let Some(slot) = slots.get_mut(constant.view.slot) else { continue };
            for (to, from) in slot.chunks_mut(stride(cols).max(1)).zip(all.chunks(cols.max(1))) {
                to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
            }
        }
        Scratch { slots, panels: Vec::new(), line: Vec::new() }
    }

    /// The logit of one window: no more ids than the plan has room for, none of them padding. `None` when there is no
    /// token, or one that the plan has no room for.
    pub fn logit(&self, scratch: &mut Scratch, tokens: &[u16], grams: &[u32]) -> Option<f32> {
        let plan = &self.plan;
        let extent = Extent { tokens: tokens.len(), grams: grams.len() };
        fill(scratch.slots.get_mut(plan.tokens.slot)?, tokens.iter().map(|id| f32::from(*id)), tokens.len())?;
        #[allow(clippy::cast_precision_loss, reason = "ids are below 2^24")]
        fill(scratch.slots.get_mut(plan.grams.slot)?, grams.iter().map(|id| *id as f32), grams.len())?;
        for (step, (panels, bias)) in plan.steps.iter().zip(&self.weights) {
            self.step(scratch, extent, step, panels, bias)?;
        }
        scratch.slots.get(plan.logit.slot)?.first().copied()
    }

    fn step(&self, scratch: &mut Scratch, extent: Extent, step: &Step, panels: &[Eight], bias: &[f32]) -> Option<()> {
        let target = match step {
            Step::Gather { out, .. }
            | Step::Each { out, .. }
            | Step::Pair { out, .. }
            | Step::Choose { out, .. }
            | Step::Transpose { out, .. }
            | Step::Deep { out, .. }
            | Step::Wide { out, .. }
            | Step::Product { out, .. }
            | Step::Reduce { out, .. }
            | Step::Concat { out, .. } => *out,
        };
        let mut to = core::mem::take(scratch.slots.get_mut(target.slot)?);
        let done = self.write(&mut to, scratch, extent, step, panels, bias);
        *scratch.slots.get_mut(target.slot)? = to;
        done
    }

    fn write(
        &self,
        to: &mut [f32],
        scratch: &mut Scratch,
        extent: Extent,
        step: &Step,
        panels: &[Eight],
        bias: &[f32],
    ) -> Option<()> {
        let Scratch { slots, panels: packed, line } = scratch;
        let of = |view: &View| slots.get(view.slot).map(Vec::as_slice);
        match step {
            Step::Gather { table, ids, out } => {
                gather(&self.plan.data, self.plan.tables.get(*table)?, of(ids)?, extent.shape(*out), to);
            }
            Step::Each { op, a, out } => {
                let (rows, cols) = extent.shape(*out);
                let every = rows.saturating_mul(stride(cols));
                let from = of(a)?.get(..every)?;
                match op {
                    Unary::Relu => each(to, from, |x| if x > 0.0 { x } else { 0.0 }),
                    Unary::Sigmoid => each(to, from, sigmoid),
                    Unary::Neg => each(to, from, |x| -x),
                    Unary::Not => each(to, from, |x| if x == 0.0 { 1.0 } else { 0.0 }),
                    Unary::Copy => each(to, from, |x| x),
                }
            }
            Step::Pair { op, a, a_reach, b, b_reach, out } => {
                let shape = extent.shape(*out);
                pair(*op, (of(a)?, *a_reach), (of(b)?, *b_reach), shape, to);
            }
            Step::Choose { c, a, b, reaches: [c_reach, a_reach, b_reach], out } => {
                let (rows, cols) = extent.shape(*out);
                let wide = stride(cols).max(1);
                let (c, a, b) = (of(c)?, of(a)?, of(b)?);
                for (row, to) in to.chunks_mut(wide).take(rows).enumerate() {
                    for (column, to) in to.iter_mut().enumerate().take(cols) {
                        let one = |from: &[f32], reach: &Reach| {
                            from.get(reach.place(row, column, wide)).copied().unwrap_or(0.0)
                        };
                        *to = if one(c, c_reach) == 0.0 { one(b, b_reach) } else { one(a, a_reach) };
                    }
                }
            }
            Step::Transpose { a, out } => {
                let (rows, cols) = extent.shape(*a);
                let wide = stride(extent.of(out.cols)).max(1);
                for (place, row) in of(a)?.chunks(stride(cols).max(1)).take(rows).enumerate() {
                    for (to, x) in to.iter_mut().skip(place).step_by(wide).zip(row.iter().take(cols)) {
                        *to = *x;
                    }
                }
            }
            Step::Deep { a, matrix, before, dilation, .. } => {
                let shape = extent.shape(*a);
                deep(of(a)?, shape, bias, *matrix, (*before, *dilation), line, to);
            }
            Step::Wide { a, matrix, taps, before, dilation, .. } => {
                let (channels, cols) = extent.shape(*a);
                shifted_in_panels(of(a)?, (channels, cols), (*taps, *before, *dilation), packed);
                let bias = if matrix.bias.is_some() { Bias::Rows(bias) } else { Bias::None };
                let target = Target { out: to, stride: stride(cols), rows: matrix.rows, bias, relu: matrix.relu };
                product(panels, packed, matrix.cols, target);
            }
            Step::Product { a, out, matrix } => {
                let (rows, depth) = extent.shape(*a);
                strided_rows_in_panels(of(a)?, rows, depth, packed);
                let bias = if matrix.bias.is_some() { Bias::Columns(bias) } else { Bias::None };
                let wide = if matrix.cols == 1 && out.rows == Dim::Fixed(1) { 1 } else { stride(matrix.cols) };
                product(packed, panels, depth, Target { out: to, stride: wide, rows, bias, relu: matrix.relu });
            }
            Step::Reduce { op, along, a, .. } => reduce(*op, *along, of(a)?, extent.shape(*a), to),
            Step::Concat { along, a, b, out } => {
                let ((a_rows, a_cols), (b_rows, b_cols)) = (extent.shape(*a), extent.shape(*b));
                let wide = stride(extent.of(out.cols)).max(1);
                match along {
                    Along::Columns => {
                        copy_rows(of(a)?, stride(a_cols), a_cols, a_rows, to, wide);
                        copy_rows(of(b)?, stride(b_cols), b_cols, b_rows, to.get_mut(a_cols..)?, wide);
                    }
                    Along::Rows => {
                        copy_rows(of(a)?, wide, a_cols, a_rows, to, wide);
                        copy_rows(of(b)?, wide, b_cols, b_rows, to.get_mut(a_rows.checked_mul(wide)?..)?, wide);
                    }
                }
            }
        }
        Some(())
    }
}

/// Writes ids as numbers; `None` when there is none, or no room.
fn fill(slot: &mut [f32], ids: impl Iterator<Item = f32>, count: usize) -> Option<()> {
    (count > 0 && count <= slot.len()).then(|| slot.iter_mut().zip(ids).for_each(|(to, id)| *to = id))
}

fn floats(data: &[u8], at: usize, count: usize) -> Vec<f32> {
    let bytes = data.get(at..).unwrap_or_default();
    bytes.as_chunks::<4>().0.iter().take(count).map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn floats_of(data: &[u8], matrix: Matrix) -> Vec<f32> {
    floats(data, matrix.at, matrix.rows.saturating_mul(matrix.cols))
}

fn bias(data: &[u8], matrix: Matrix, count: usize) -> Vec<f32> {
    matrix.bias.map(|at| floats(data, at, count)).unwrap_or_default()
}

/// Rows of `depth` numbers, eight by eight: of each eight, their first numbers, their second ones, and so on.
fn rows_in_panels(rows: &[f32], depth: usize) -> Vec<Eight> {
    let mut panels = Vec::new();
    for eight in rows.chunks(depth.saturating_mul(8).max(1)) {
        let base = panels.len();
        panels.resize(panels.len().saturating_add(depth), [0.0; 8]);
        for (place, row) in eight.chunks(depth.max(1)).enumerate() {
            for (panel, x) in panels.iter_mut().skip(base).zip(row) {
                panel.iter_mut().skip(place).take(1).for_each(|to| *to = *x);
            }
        }
    }
    panels
}

/// [`rows_in_panels`] of a matrix in a slot.
fn strided_rows_in_panels(from: &[f32], rows: usize, depth: usize, panels: &mut Vec<Eight>) {
    panels.clear();
    panels.resize(rows.div_ceil(8).saturating_mul(depth), [0.0; 8]);
    let wide = stride(depth).max(1);
    for (place, row) in from.chunks(wide).take(rows).enumerate() {
        let base = (place >> 3).saturating_mul(depth);
        for (panel, x) in panels.iter_mut().skip(base).zip(row.iter().take(depth)) {
            panel.iter_mut().skip(place & 7).take(1).for_each(|to| *to = *x);
        }
    }
}

/// Columns eight by eight: of each eight, the first row, the second one, and so on.
fn columns_in_panels(all: &[f32], rows: usize, cols: usize) -> Vec<Eight> {
    let mut panels = Vec::with_capacity(rows.saturating_mul(cols.div_ceil(8)));
    for first in (0..cols).step_by(8) {
        for row in all.chunks(cols).take(rows) {
            let mut eight = [0.0; 8];
            eight.iter_mut().zip(row.iter().skip(first)).for_each(|(to, x)| *to = *x);
            panels.push(eight);
        }
    }
    panels
}

/// Columns of a slot in panels, `taps` times, each time all rows further on: what lies outside is 0.
fn shifted_in_panels(
    from: &[f32],
    (rows, cols): (usize, usize),
    (taps, before, dilation): (usize, usize, usize),
    panels: &mut Vec<Eight>,
) {
    panels.clear();
    let wide = stride(cols).max(1);
    for first in (0..cols).step_by(8) {
        for tap in 0..taps {
            let at = first.saturating_add(tap.saturating_mul(dilation));
            for row in from.chunks(wide).take(rows) {
                let aligned =
                    (at == before.saturating_add(first)).then(|| row.get(first..)?.first_chunk::<8>()).flatten();
                panels.push(match aligned {
                    Some(eight) => *eight,
                    None => core::array::from_fn(|column| {
                        let place = at.saturating_add(column).checked_sub(before);
                        place.filter(|place| *place < cols).and_then(|place| row.get(place)).copied().unwrap_or(0.0)
                    }),
                });
            }
        }
    }
}

fn deep(
    from: &[f32],
    (rows, cols): (usize, usize),
    weights: &[f32],
    matrix: Matrix,
    (before, dilation): (usize, usize),
    line: &mut Vec<f32>,
    to: &mut [f32],
) {
    let wide = stride(cols).max(1);
    let reach = matrix.cols.saturating_sub(1).saturating_mul(dilation);
    line.clear();
    line.resize(wide.saturating_add(reach), 0.0);
    let (taps, bias) = weights.split_at_checked(matrix.rows.saturating_mul(matrix.cols)).unwrap_or_default();
    let lines = from.chunks(wide).zip(to.chunks_mut(wide)).take(rows);
    for (place, ((from, to), taps)) in lines.zip(taps.chunks(matrix.cols.max(1))).enumerate() {
        line.iter_mut().skip(before).zip(from.iter().take(cols)).for_each(|(line, x)| *line = *x);
        let start = bias.get(place).copied().unwrap_or(0.0);
        to.iter_mut().for_each(|to| *to = start);
        for (tap, weight) in taps.iter().enumerate() {
            let shifted = line.get(tap.saturating_mul(dilation)..).unwrap_or_default();
            to.iter_mut().zip(shifted).for_each(|(to, x)| *to += weight * x);
        }
        if matrix.relu {
            to.iter_mut().for_each(|to| *to = if *to > 0.0 { *to } else { 0.0 });
        }
    }
}

fn gather(data: &[u8], table: &Table, ids: &[f32], (rows, cols): (usize, usize), to: &mut [f32]) {
    let bytes = table.cols.saturating_mul(table.width.bytes());
    let all = data.get(table.at..).unwrap_or_default();
    // Rows of one number are written as one row.
    let (count, wide) = if table.cols == 1 { (rows.saturating_mul(cols), 1) } else { (rows, stride(cols).max(1)) };
    for (id, to) in ids.iter().zip(to.chunks_mut(wide)).take(count) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let id = Some(*id as usize).filter(|id| *id < table.rows).unwrap_or(0);
        let start = id.saturating_mul(bytes);
        let row = all.get(start..start.saturating_add(bytes)).unwrap_or_default();
        match table.width {
            Width::I8 => to.iter_mut().zip(row).for_each(|(to, x)| *to = f32::from(x.cast_signed())),
            Width::U8 => to.iter_mut().zip(row).for_each(|(to, x)| *to = f32::from(*x)),
            Width::F32 => {
                to.iter_mut().zip(row.as_chunks::<4>().0).for_each(|(to, x)| *to = f32::from_le_bytes(*x));
            }
        }
    }
}

fn pair(op: Binary, a: (&[f32], Reach), b: (&[f32], Reach), (rows, cols): (usize, usize), to: &mut [f32]) {
    let truth = |is: bool| if is { 1.0 } else { 0.0 };
    match op {
        Binary::Add => each_pair(a, b, rows, cols, to, |a, b| a + b),
        Binary::Sub => each_pair(a, b, rows, cols, to, |a, b| a - b),
        Binary::Mul => each_pair(a, b, rows, cols, to, |a, b| a * b),
        Binary::Div => each_pair(a, b, rows, cols, to, |a, b| a / b),
        Binary::Max => each_pair(a, b, rows, cols, to, |a, b| if a > b { a } else { b }),
        Binary::Min => each_pair(a, b, rows, cols, to, |a, b| if a < b { a } else { b }),
        #[allow(clippy::float_cmp, reason = "what was asked for")]
        Binary::Equal => each_pair(a, b, rows, cols, to, |a, b| truth(a == b)),
        Binary::Greater => each_pair(a, b, rows, cols, to, |a, b| truth(a > b)),
        Binary::Less => each_pair(a, b, rows, cols, to, |a, b| truth(a < b)),
    }
}

#[inline]
fn each_pair(
    (a, a_reach): (&[f32], Reach),
    (b, b_reach): (&[f32], Reach),
    rows: usize,
    cols: usize,
    to: &mut [f32],
    op: impl Fn(f32, f32) -> f32 + Copy,
) {
    let wide = stride(cols).max(1);
    let one = |from: &[f32], place: usize| from.get(place).copied().unwrap_or(0.0);
    for (row, to) in to.chunks_mut(wide).take(rows).enumerate() {
        let line = |from, reach| match reach {
            Reach::Full => Ok(<[f32]>::get(from, row.saturating_mul(wide)..).unwrap_or_default()),
            Reach::Columns => Ok(from),
            Reach::Rows => Err(one(from, row)),
            Reach::One => Err(one(from, 0)),
        };
        match (line(a, a_reach), line(b, b_reach)) {
            (Ok(a), Ok(b)) => to.iter_mut().zip(a.iter().zip(b)).for_each(|(to, (a, b))| *to = op(*a, *b)),
            (Ok(a), Err(b)) => to.iter_mut().zip(a).for_each(|(to, a)| *to = op(*a, b)),
            (Err(a), Ok(b)) => to.iter_mut().zip(b).for_each(|(to, b)| *to = op(a, *b)),
            (Err(a), Err(b)) => to.iter_mut().for_each(|to| *to = op(a, b)),
        }
    }
}

fn each(to: &mut [f32], from: &[f32], op: impl Fn(f32) -> f32) {
    to.iter_mut().zip(from).for_each(|(to, x)| *to = op(*x));
}

fn reduce(op: Reduction, along: Along, from: &[f32], (rows, cols): (usize, usize), to: &mut [f32]) {
    match op {
        Reduction::Sum => reduce_with(along, from, (rows, cols), to, |a, b| a + b),
        Reduction::Max => reduce_with(along, from, (rows, cols), to, |a, b| if a > b { a } else { b }),
        Reduction::Min => reduce_with(along, from, (rows, cols), to, |a, b| if a < b { a } else { b }),
        Reduction::Mean => {
            reduce_with(along, from, (rows, cols), to, |a, b| a + b);
            let (count, left) = if along == Along::Rows { (rows, cols) } else { (cols, rows) };
            #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
            to.iter_mut().take(left).for_each(|to| *to /= count as f32);
        }
    }
}

#[inline]
fn reduce_with(
    along: Along,
    from: &[f32],
    (rows, cols): (usize, usize),
    to: &mut [f32],
    join: impl Fn(f32, f32) -> f32 + Copy,
) {
    let wide = stride(cols).max(1);
    match along {
        // Every eighth number, then the eight of them, then what is left.
        Along::Columns => {
            for (row, to) in from.chunks(wide).take(rows).zip(to) {
                let (eights, rest) = row.get(..cols).unwrap_or(row).as_chunks::<8>();
                let eight = eights.iter().copied().reduce(|mut all, next| {
                    all.iter_mut().zip(next).for_each(|(all, next)| *all = join(*all, next));
                    all
                });
                let whole = eight.and_then(|eight| eight.into_iter().reduce(join));
                *to = whole.into_iter().chain(rest.iter().copied()).reduce(join).unwrap_or(0.0);
            }
        }
        Along::Rows => {
            let mut lines = from.chunks(wide).take(rows);
            let first = lines.next().unwrap_or_default();
            to.iter_mut().zip(first).take(cols).for_each(|(to, x)| *to = *x);
            for line in lines {
                to.iter_mut().zip(line).take(cols).for_each(|(to, x)| *to = join(*to, *x));
            }
        }
    }
}

fn copy_rows(from: &[f32], from_stride: usize, cols: usize, rows: usize, to: &mut [f32], to_stride: usize) {
    for (from, to) in from.chunks(from_stride.max(1)).zip(to.chunks_mut(to_stride.max(1))).take(rows) {
        to.iter_mut().zip(from).take(cols).for_each(|(to, x)| *to = *x);
    }
}

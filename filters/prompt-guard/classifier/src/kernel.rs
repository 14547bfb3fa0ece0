//! The one product of matrices: panels of eight rows by panels of eight columns.

/// Eight numbers that are worked on together.
pub(crate) type Eight = [f32; 8];

/// What is added to a tile before it is written.
#[derive(Clone, Copy)]
pub(crate) enum Bias<'a> {
    None,
    Rows(&'a [f32]),
    Columns(&'a [f32]),
}

/// Where a product goes.
pub(crate) struct Target<'a> {
    pub out: &'a mut [f32],
    /// From one row to the next, a multiple of eight; 1 for a column that is written as a row.
    pub stride: usize,
    pub rows: usize,
    pub bias: Bias<'a>,
    pub relu: bool,
}

/// `a` holds panels of eight rows, each of `depth` steps; `b` panels of eight columns. Every result is the sum over the
/// steps, from the first to the last.
pub(crate) fn product(a: &[Eight], b: &[Eight], depth: usize, target: Target<'_>) {
    let Target { out, stride, rows, bias, relu } = target;
    if depth == 0 || stride == 0 {
        return;
    }
    let bands = out.chunks_mut(stride.saturating_mul(8));
    for ((place, panel), band) in a.chunks_exact(depth).enumerate().zip(bands) {
        let first = place.saturating_mul(8);
        for (column, columns) in b.chunks_exact(depth).enumerate() {
            let mut tile = tile(panel, columns);
            let column = column.saturating_mul(8);
            match bias {
                Bias::None => {}
                Bias::Rows(bias) => {
                    for (row, bias) in tile.iter_mut().zip(bias.iter().skip(first)) {
                        row.iter_mut().for_each(|x| *x += bias);
                    }
                }
                Bias::Columns(bias) => {
                    for row in &mut tile {
                        row.iter_mut().zip(bias.iter().skip(column)).for_each(|(x, bias)| *x += bias);
                    }
                }
            }
            if relu {
                tile.iter_mut().flatten().for_each(|x| *x = if *x > 0.0 { *x } else { 0.0 });
            }
            let left = rows.saturating_sub(first);
            if stride == 1 {
                for (x, row) in band.iter_mut().zip(&tile).take(left) {
                    *x = row[0];
                }
                break;
            }
            for (line, row) in band.chunks_mut(stride).zip(&tile).take(left) {
                if let Some(line) = line.get_mut(column..column.saturating_add(8)) {
                    line.copy_from_slice(row);
                }
            }
        }
    }
}

#[inline]
fn tile(a: &[Eight], b: &[Eight]) -> [Eight; 8] {
    let mut sums = [[0.0_f32; 8]; 8];
    for (a, b) in a.iter().zip(b) {
        for (sums, a) in sums.iter_mut().zip(a) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    sums
}

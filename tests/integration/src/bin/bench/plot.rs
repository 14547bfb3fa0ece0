//! Added latency against the size of the body, both axes logarithmic: a cost that is linear runs along the dashed line.

use std::fmt::Write as _;

use crate::report::size;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 60.0;

/// The picture as SVG. `points` are body bytes and added microseconds; what is not above zero has no place on a
/// logarithmic axis and is left out.
pub fn added_latency(module: &str, points: &[(f64, f64)]) -> String {
    let points: Vec<_> = points.iter().copied().filter(|(bytes, micros)| *bytes > 0.0 && *micros > 0.0).collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"40\"><text x=\"10\" y=\"25\">nothing above zero</text></svg>\n"
        );
    };
    let x = Axis { low: first.0.log2(), high: last.0.log2().max(first.0.log2() + 1.0), from: LEFT, to: WIDTH - RIGHT };
    let lowest = points.iter().map(|(_, micros)| *micros).fold(f64::INFINITY, f64::min);
    let highest = points.iter().map(|(_, micros)| *micros).fold(0.0, f64::max);
    let decades = (lowest.log10().floor(), highest.log10().ceil().max(lowest.log10().floor() + 1.0));
    let y = Axis { low: decades.0, high: decades.1, from: HEIGHT - BOTTOM, to: TOP };

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"28\" font-size=\"16\" fill=\"#1a1a1a\">Latency that {module}.wasm adds to a request \
         (median)</text>\n"
    );
    let mut decade = decades.0;
    while decade <= decades.1 {
        let at = y.at(decade);
        line(&mut svg, (LEFT, at), (WIDTH - RIGHT, at), "stroke=\"#dddddd\"");
        text(&mut svg, (LEFT - 8.0, at + 4.0), "end", &micros(10_f64.powf(decade)));
        decade += 1.0;
    }
    for (bytes, _) in &points {
        let at = x.at(bytes.log2());
        line(&mut svg, (at, TOP), (at, HEIGHT - BOTTOM), "stroke=\"#eeeeee\"");
        text(&mut svg, (at, HEIGHT - BOTTOM + 20.0), "middle", &size(*bytes as usize));
    }
    text(&mut svg, ((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 14.0), "middle", "body of the request");

    // Through the largest measured point with slope one; it leaves the picture at the bottom.
    let per_byte = last.1 / last.0;
    let leaves = (10_f64.powf(decades.0) / per_byte).max(first.0);
    let linear = |bytes: f64| (x.at(bytes.log2()), y.at((bytes * per_byte).log10()));
    line(&mut svg, linear(leaves), linear(last.0), "stroke=\"#999999\" stroke-dasharray=\"6 5\"");
    let label = linear((leaves * last.0).sqrt());
    text(&mut svg, (label.0 + 12.0, label.1 + 18.0), "start", "linear");

    let path: Vec<_> =
        points.iter().map(|(bytes, micros)| format!("{:.1},{:.1}", x.at(bytes.log2()), y.at(micros.log10()))).collect();
    let _infallible = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#1f5fbf\" stroke-width=\"2.5\"/>",
        path.join(" ")
    );
    for (bytes, added) in &points {
        let (cx, cy) = (x.at(bytes.log2()), y.at(added.log10()));
        let _infallible = writeln!(svg, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"4\" fill=\"#1f5fbf\"/>");
        text(&mut svg, (cx, cy - 10.0), "middle", &micros(*added));
    }
    svg.push_str("</svg>\n");
    svg
}

struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), style: &str) {
    let _infallible = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" {style}/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, text: &str) {
    let _infallible = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"#444444\">{text}</text>",
        at.0, at.1
    );
}

fn micros(value: f64) -> String {
    if value >= 1e3 { format!("{} ms", trimmed(value / 1e3)) } else { format!("{} µs", trimmed(value)) }
}

fn trimmed(value: f64) -> String {
    if value >= 10.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_inside_and_a_linear_cost_on_a_straight_line() {
        let svg = added_latency("m", &[(256.0, 10.0), (2560.0, 100.0), (25600.0, 1000.0)]);
        let circles: Vec<(f64, f64)> = svg
            .lines()
            .filter_map(|line| line.strip_prefix("<circle cx=\""))
            .map(|line| {
                let mut numbers = line.split('"');
                (numbers.next().unwrap().parse().unwrap(), numbers.nth(1).unwrap().parse().unwrap())
            })
            .collect();
        assert_eq!(circles.len(), 3);
        assert!(circles.iter().all(|(x, y)| (LEFT..=WIDTH - RIGHT).contains(x) && (TOP..=HEIGHT - BOTTOM).contains(y)));
        let slope = |a: (f64, f64), b: (f64, f64)| (b.1 - a.1) / (b.0 - a.0);
        assert!((slope(circles[0], circles[1]) - slope(circles[1], circles[2])).abs() < 0.01);
        assert!(!svg.contains("NaN") && !added_latency("m", &[(1.0, -1.0)]).contains("NaN"));
    }
}

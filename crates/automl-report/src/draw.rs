//! Drawing in terms of paints, not colours: charts follow the page's light or dark theme.
//!
//! plotters draws with marker colours, one for each [`Paint`]; [`svg`] replaces them with CSS custom
//! properties. plotters' coordinates are whole numbers, so it draws on a canvas [`FINENESS`] times larger
//! than the `viewBox` unit. Text becomes `<text>` elements in the page's own font: no font file is read.

use std::cell::RefCell;
use std::fmt::Display;
use std::fmt::Write as _;
use std::rc::Rc;

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::{
    Circle, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, ShapeStyle};

use crate::error::ReportError;
use crate::format;

/// Fonts of charts that stand alone, the first that there is.
const FONTS: &str = "Noto Sans, DejaVu Sans, Liberation Sans, Helvetica, Arial, sans-serif";

/// Canvas pixels in one unit of the `viewBox`.
const FINENESS: f64 = 4.0;

/// Size of text in charts, in `viewBox` units.
pub(crate) const TEXT_SIZE: f64 = 12.0;

/// Width of an average character, in `viewBox` units.
pub(crate) const CHARACTER_WIDTH: f64 = 6.8;

/// What a mark is painted with; the page's style sheet says which colour that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Text that matters.
    Ink,
    /// Labels and reference lines.
    Muted,
    /// Grid lines.
    Grid,
    /// The page behind the chart.
    Surface,
    /// Okabe and Ito's blue.
    Blue,
    /// Their orange.
    Orange,
    /// Their bluish green.
    Green,
    /// Their reddish purple.
    Purple,
    /// Their sky blue.
    Sky,
    /// Their vermilion.
    Vermilion,
}

impl Paint {
    const ALL: [Paint; 10] = [
        Paint::Ink,
        Paint::Muted,
        Paint::Grid,
        Paint::Surface,
        Paint::Blue,
        Paint::Orange,
        Paint::Green,
        Paint::Purple,
        Paint::Sky,
        Paint::Vermilion,
    ];

    /// The paint of the series `index`; they repeat after six.
    pub(crate) fn series(index: usize) -> Paint {
        Self::ALL[4 + index % 6]
    }

    fn variable(self) -> &'static str {
        match self {
            Paint::Ink => "--ink",
            Paint::Muted => "--muted",
            Paint::Grid => "--grid",
            Paint::Surface => "--surface",
            Paint::Blue => "--blue",
            Paint::Orange => "--orange",
            Paint::Green => "--green",
            Paint::Purple => "--purple",
            Paint::Sky => "--sky",
            Paint::Vermilion => "--vermilion",
        }
    }

    /// Its colour where no style sheet says it: that of `templates/style.css`.
    fn colour(self, theme: Theme) -> &'static str {
        match (theme, self) {
            (Theme::Light, Paint::Ink) => "#1b1f24",
            (Theme::Light, Paint::Muted) => "#59636e",
            (Theme::Light, Paint::Grid) => "#e3e6ea",
            (Theme::Light, Paint::Surface) => "#ffffff",
            (Theme::Light, Paint::Blue) => "#0072b2",
            (Theme::Light, Paint::Orange) => "#d98a00",
            (Theme::Light, Paint::Green) => "#009e73",
            (Theme::Light, Paint::Purple) => "#b5588d",
            (Theme::Light, Paint::Sky) => "#3d9fd8",
            (Theme::Light, Paint::Vermilion) => "#d55e00",
            (Theme::Dark, Paint::Ink) => "#e8eaed",
            (Theme::Dark, Paint::Muted) => "#a0a8b2",
            (Theme::Dark, Paint::Grid) => "#2b3037",
            (Theme::Dark, Paint::Surface) => "#181b20",
            (Theme::Dark, Paint::Blue) => "#4aa8e0",
            (Theme::Dark, Paint::Orange) => "#f0ab2e",
            (Theme::Dark, Paint::Green) => "#2fc497",
            (Theme::Dark, Paint::Purple) => "#d98bb7",
            (Theme::Dark, Paint::Sky) => "#8fd0f5",
            (Theme::Dark, Paint::Vermilion) => "#f2803a",
        }
    }

    fn marker(self) -> RGBColor {
        RGBColor(1, 2, self as u8)
    }
}

/// Light or dark, for charts that stand alone; those of a page follow its style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark marks on white.
    #[default]
    Light,
    /// Light marks on a dark ground.
    Dark,
}

/// A chart of a page as a picture of its own: with its colours, its size, a ground and a font.
pub(crate) fn standalone(svg: &str, theme: Theme) -> String {
    let mut text = svg.to_owned();
    for paint in Paint::ALL {
        text = text.replace(&format!("var({})", paint.variable()), paint.colour(theme));
    }
    let size = text.split('"').nth(1).and_then(|view| {
        let mut numbers = view.split(' ').skip(2).filter_map(|number| number.parse::<f64>().ok());
        Some((numbers.next()?, numbers.next()?))
    });
    let Some((width, height)) = size else { return text };
    let (wide, high) = (width / FINENESS, height / FINENESS);
    let ground = Paint::Surface.colour(theme);
    let head = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" font-family=\"{FONTS}\""
    );
    let text = text.replacen("<svg", &head, 1);
    text.replacen('>', &format!("><rect width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>"), 1)
}

/// Why drawing failed, in words.
#[derive(Debug)]
pub(crate) struct DrawFailure(String);

impl<E: Display> From<E> for DrawFailure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Drawn, or not.
pub(crate) type Drawn = Result<(), DrawFailure>;

/// Where text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The point is the left end.
    Start,
    /// The point is the middle.
    Middle,
    /// The point is the right end.
    End,
}

/// A surface measured in `viewBox` units from the upper left corner.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    /// Where it begins on the whole chart.
    origin: (f64, f64),
    /// What a pointer is told, as SVG elements of the whole chart.
    tips: Rc<RefCell<String>>,
    /// Width in units.
    pub(crate) width: f64,
    /// Height in units.
    pub(crate) height: f64,
}

impl<'a> Canvas<'a> {
    /// A part of it from `corner` on, with its own coordinates.
    pub(crate) fn part(&self, corner: (f64, f64), (width, height): (f64, f64)) -> Canvas<'a> {
        let size = ((width * FINENESS).round() as i32, (height * FINENESS).round() as i32);
        let origin = (self.origin.0 + corner.0, self.origin.1 + corner.1);
        let area = self.area.clone().shrink(fine(corner), size);
        Canvas { area, origin, tips: Rc::clone(&self.tips), width, height }
    }

    /// Tells a pointer near `at` what it points at. Phones have no pointer, so narrow charts are spared it.
    pub(crate) fn tip(&self, at: (f64, f64), radius: f64, text: &str) {
        if self.origin == (0.0, 0.0) && self.width < 400.0 {
            return;
        }
        let (x, y) = fine((self.origin.0 + at.0, self.origin.1 + at.1));
        let (radius, text) = ((radius * FINENESS).round(), format::escaped(text));
        // Writing to a string cannot fail.
        let _ = write!(
            self.tips.borrow_mut(),
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"><title>{text}</title></circle>"
        );
    }
}

impl Canvas<'_> {
    /// A connected line.
    pub(crate) fn path(&self, points: &[(f64, f64)], paint: Paint, width: f64, opacity: f64) -> Drawn {
        if points.len() < 2 {
            return Ok(());
        }
        let points: Vec<(i32, i32)> = points.iter().copied().map(fine).collect();
        Ok(self.area.draw(&PathElement::new(points, stroke(paint, width, opacity)))?)
    }

    /// A dashed straight line. Dashes are drawn one by one: plotters' SVG has no dash attribute.
    pub(crate) fn dashes(&self, from: (f64, f64), to: (f64, f64), paint: Paint, width: f64) -> Drawn {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let n_dashes = ((length / 9.0) as usize).clamp(1, 400);
        let at = |share: f64| (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
        for dash in 0..n_dashes {
            let start = dash as f64 / n_dashes as f64;
            self.path(&[at(start), at(start + 0.55 / n_dashes as f64)], paint, width, 1.0)?;
        }
        Ok(())
    }

    /// A filled circle.
    pub(crate) fn dot(&self, at: (f64, f64), radius: f64, paint: Paint, opacity: f64) -> Drawn {
        let circle = Circle::new(fine(at), (radius * FINENESS).round(), fill(paint, opacity));
        Ok(self.area.draw(&circle)?)
    }

    /// The outline of a circle.
    pub(crate) fn ring(&self, at: (f64, f64), radius: f64, paint: Paint, opacity: f64) -> Drawn {
        let circle = Circle::new(fine(at), (radius * FINENESS).round(), stroke(paint, 1.4, opacity));
        Ok(self.area.draw(&circle)?)
    }

    /// A cross of two strokes.
    pub(crate) fn cross(&self, (x, y): (f64, f64), radius: f64, paint: Paint) -> Drawn {
        self.path(&[(x - radius, y - radius), (x + radius, y + radius)], paint, 1.6, 1.0)?;
        self.path(&[(x - radius, y + radius), (x + radius, y - radius)], paint, 1.6, 1.0)
    }

    /// A filled rectangle between two corners.
    pub(crate) fn bar(&self, from: (f64, f64), to: (f64, f64), paint: Paint, opacity: f64) -> Drawn {
        let (low, high) = ((from.0.min(to.0), from.1.min(to.1)), (from.0.max(to.0), from.1.max(to.1)));
        Ok(self.area.draw(&Rectangle::new([fine(low), fine(high)], fill(paint, opacity)))?)
    }

    /// One line of text, vertically centred on its point.
    pub(crate) fn text(&self, text: &str, at: (f64, f64), anchor: Anchor, paint: Paint) -> Drawn {
        self.sized_text(text, at, anchor, paint, TEXT_SIZE)
    }

    /// The same in another size.
    pub(crate) fn sized_text(
        &self,
        text: &str,
        at: (f64, f64),
        anchor: Anchor,
        paint: Paint,
        size: f64,
    ) -> Drawn {
        let horizontal = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let marker = paint.marker();
        // The SVG backend divides sizes by 1.24.
        let font = ("x", size * FINENESS * 1.24).into_font();
        let style = font.color(&marker).pos(Pos::new(horizontal, VPos::Center));
        Ok(self.area.draw(&Text::new(format::clip(text, 200), fine(at), style))?)
    }
}

fn fine((x, y): (f64, f64)) -> (i32, i32) {
    ((x * FINENESS).round() as i32, (y * FINENESS).round() as i32)
}

fn fill(paint: Paint, opacity: f64) -> ShapeStyle {
    paint.marker().mix(opacity).filled()
}

fn stroke(paint: Paint, width: f64, opacity: f64) -> ShapeStyle {
    paint.marker().mix(opacity).stroke_width((width * FINENESS).round() as u32)
}

/// Draws an SVG element of `width` by `height` units that screen readers announce as `alt`.
///
/// # Errors
/// [`ReportError::Draw`] naming `figure`.
pub(crate) fn svg(
    figure: &'static str,
    alt: &str,
    (width, height): (f64, f64),
    draw: impl FnOnce(&Canvas<'_>) -> Drawn,
) -> Result<String, ReportError> {
    let mut raw = String::new();
    let size = ((width * FINENESS) as u32, (height * FINENESS) as u32);
    let area = SVGBackend::with_string(&mut raw, size).into_drawing_area();
    let tips = Rc::new(RefCell::new(String::new()));
    let canvas = Canvas { area, origin: (0.0, 0.0), tips: Rc::clone(&tips), width, height };
    let drawn = draw(&canvas).and_then(|()| Ok(canvas.area.present()?));
    drop(canvas);
    drawn.map_err(|DrawFailure(reason)| ReportError::Draw { figure, reason })?;
    let tips = tips.take();
    let mut svg = themed(&raw, alt, size);
    if !tips.is_empty() {
        svg = svg.replace("</svg>", &format!("<g fill=\"none\" pointer-events=\"all\">{tips}</g></svg>"));
    }
    Ok(svg)
}

/// Replaces marker colours by CSS variables, and drops attributes that say what holds anyway.
fn themed(raw: &str, alt: &str, (width, height): (u32, u32)) -> String {
    let body = raw.split_once(">\n").map_or("", |(_, body)| body);
    let mut body = body.replace(">\n", ">").replace("\n</text>", "</text>");
    for paint in Paint::ALL {
        let RGBColor(red, green, blue) = paint.marker();
        let marker = format!("\"#{red:02X}{green:02X}{blue:02X}\"");
        body = body.replace(&marker, &format!("\"var({})\"", paint.variable()));
    }
    for idle in [" opacity=\"1\"", " stroke-width=\"1\"", " stroke=\"none\"", " font-family=\"x\""] {
        body = body.replace(idle, "");
    }
    let mut svg = String::with_capacity(body.len() + 200);
    let alt = format::escaped(alt);
    // Writing to a string cannot fail.
    let _ = write!(svg, "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{alt}\">");
    svg.push_str(&body);
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_an_svg_element_without_any_font_file() {
        let drawn = svg("test", "a <chart>", (100.0, 50.0), |canvas| {
            canvas.text("<b>&", (10.0, 20.0), Anchor::Start, Paint::Ink)
        });
        insta::assert_snapshot!(
            drawn.unwrap(),
            @r##"<svg viewBox="0 0 400 200" role="img" aria-label="a &lt;chart&gt;"><text x="40" y="80" dy="0.5ex" text-anchor="start" font-size="48" fill="var(--ink)">&lt;b&gt;&amp;</text></svg>"##
        );
    }

    #[test]
    fn shapes_are_painted_with_css_variables() {
        let drawn = svg("test", "shapes", (100.0, 50.0), |canvas| {
            canvas.dot((10.0, 10.0), 3.0, Paint::Blue, 0.5)?;
            canvas.bar((5.0, 5.0), (1.0, 2.0), Paint::Grid, 1.0)?;
            canvas.path(&[(0.0, 0.0), (1.0, 1.25)], Paint::Vermilion, 1.5, 1.0)
        });
        insta::assert_snapshot!(
            drawn.unwrap(),
            @r##"<svg viewBox="0 0 400 200" role="img" aria-label="shapes"><circle cx="40" cy="40" r="12" opacity="0.5" fill="var(--blue)"/><rect x="4" y="8" width="16" height="12" fill="var(--grid)"/><polyline fill="none" stroke="var(--vermilion)" stroke-width="6" points="0,0 4,5 "/></svg>"##
        );
    }

    #[test]
    fn a_chart_stands_alone_with_colours_size_and_ground() {
        let drawn =
            svg("test", "a dot", (100.0, 50.0), |canvas| canvas.dot((10.0, 10.0), 3.0, Paint::Blue, 1.0));
        insta::assert_snapshot!(standalone(&drawn.unwrap(), Theme::Dark), @r##"
        <svg xmlns="http://www.w3.org/2000/svg" width="100" height="50" font-family="Noto Sans, DejaVu Sans, Liberation Sans, Helvetica, Arial, sans-serif" viewBox="0 0 400 200" role="img" aria-label="a dot"><rect width="400" height="200" fill="#181b20"/><circle cx="40" cy="40" r="12" fill="#4aa8e0"/></svg>
        "##);
    }

    #[test]
    fn colours_are_those_of_the_style_sheet() {
        let style = include_str!("../templates/style.css");
        for paint in Paint::ALL {
            for theme in [Theme::Light, Theme::Dark] {
                let said = format!("{}: {};", paint.variable(), paint.colour(theme));
                assert!(style.contains(&said), "{said}");
            }
        }
    }

    #[test]
    fn every_paint_has_its_own_marker_and_variable() {
        for (index, paint) in Paint::ALL.into_iter().enumerate() {
            assert_eq!(paint as usize, index);
        }
        assert_eq!(Paint::series(0), Paint::Blue);
        assert_eq!(Paint::series(6), Paint::Blue);
    }
}

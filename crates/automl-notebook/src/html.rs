//! How values look under a cell: HTML of a notebook's own colours.

use std::fmt::Write as _;
use std::io::Write;

/// What the tables share: small type, right-aligned numbers, a hint of lines; colours are the notebook's, light or dark.
const STYLE: &str = "<style>.automl{font-size:13px;line-height:1.45}.automl table{border-collapse:collapse;margin:6px 0}\
.automl th,.automl td{padding:2px 10px 2px 0;text-align:left;border-bottom:1px solid rgba(128,128,128,.25);vertical-align:middle}\
.automl td.n,.automl th.n{text-align:right;font-variant-numeric:tabular-nums}.automl .dim{opacity:.65}\
.automl code{font-size:12px}.automl .scroll{overflow-x:auto}.automl th button{all:unset;cursor:pointer}\
.automl th button:focus-visible{outline:2px solid currentColor}\
body[data-jp-theme-light=\"false\"] .automl .light{display:none}\
body:not([data-jp-theme-light=\"false\"]) .automl .dark{display:none}</style>";

/// Shows HTML under the cell, in one write, as the kernel wants it.
pub(crate) fn show(body: &str) {
    let content = format!(
        "EVCXR_BEGIN_CONTENT text/html\n<div class=\"automl\">{STYLE}{body}</div>\nEVCXR_END_CONTENT\n"
    );
    let mut stdout = std::io::stdout().lock();
    // Nobody looks at what is shown in a notebook that is gone.
    drop(stdout.write_all(content.as_bytes()).and_then(|()| stdout.flush()));
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// The first characters of a text.
pub(crate) fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// A value with five significant digits.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    match value.abs().log10().floor() as i32 + 1 {
        ..-3 => format!("{value:.4e}"),
        digits => format!("{value:.*}", usize::try_from(5 - digits).unwrap_or(0)),
    }
}

/// A cell of a table.
pub(crate) enum Cell {
    Text(String),
    Number(f64),
    Count(u64),
    /// HTML that is safe already.
    Html(String),
    Empty,
}

impl Cell {
    pub(crate) fn text(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }

    pub(crate) fn maybe(value: Option<f64>) -> Self {
        value.map_or(Cell::Empty, Cell::Number)
    }

    fn write(&self, out: &mut String) {
        // Writing to a `String` cannot fail. What is sorted by stands beside what is read.
        let _ = match self {
            Cell::Text(text) => {
                write!(out, "<td title=\"{}\">{}</td>", escape(text), escape(&clip(text, 60)))
            }
            Cell::Number(value) => {
                write!(out, "<td class=\"n\" data-v=\"{value:e}\">{}</td>", number(*value))
            }
            Cell::Count(value) => write!(out, "<td class=\"n\" data-v=\"{value}\">{value}</td>"),
            Cell::Html(html) => write!(out, "<td>{html}</td>"),
            Cell::Empty => write!(out, "<td></td>"),
        };
    }
}

/// A table whose columns sort at a click; a trusted notebook runs the script, and without it the table stays as it is.
pub(crate) fn table(header: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut out = String::from("<div class=\"scroll\"><table><thead><tr>");
    for name in header {
        let _ = write!(out, "<th><button>{}</button></th>", escape(name));
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            cell.write(&mut out);
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    out.push_str(SORT);
    out
}

/// Sorts by the column whose heading is clicked, numbers as numbers; again for the other way.
const SORT: &str = "<script>(()=>{const t=document.currentScript&&document.currentScript.previousElementSibling;\
if(!t)return;const b=t.querySelector('tbody');t.querySelectorAll('th button').forEach((h,i)=>{let up=true;\
h.onclick=()=>{const k=r=>{const c=r.children[i];return c?(c.dataset.v!==undefined?+c.dataset.v:c.textContent):''};\
[...b.rows].sort((x,y)=>{const p=k(x),q=k(y);const d=typeof p==='number'&&typeof q==='number'?p-q:\
String(p).localeCompare(String(q));return up?d:-d}).forEach(r=>b.append(r));up=!up}})})()</script>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_values_is_text() {
        let name = "<script>alert(1)</script>\"'&";
        let html = table(&[name], &[vec![Cell::text(name)]]);
        assert!(!html.replace(SORT, "").contains("<script>"), "{html}");
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"), "{html}");
    }

    #[test]
    fn numbers_have_five_digits_and_sort_by_their_value() {
        let html = table(&["a"], &[vec![Cell::Number(0.123_456_789)]]);
        assert!(html.contains("data-v=\"1.23456789e-1\">0.12346<"), "{html}");
        assert_eq!([0.0, 43_416.2, 1e-9].map(number), ["0", "43416", "1.0000e-9"]);
    }

    #[test]
    fn long_texts_are_cut_by_characters() {
        assert_eq!(clip("äöü", 3), "äöü");
        assert_eq!(clip("äöüß", 3), "äö…");
    }
}

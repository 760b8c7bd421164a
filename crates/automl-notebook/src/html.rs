//! How values look under a cell: HTML of a notebook's own colours.

use std::fmt;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

/// What the tables share: small type, right-aligned numbers, a hint of lines; colours are the notebook's, light or dark.
const STYLE: &str = "<style>.automl{font-size:13px;line-height:1.45}.automl table{border-collapse:collapse;margin:6px 0}\
.automl th,.automl td{padding:2px 10px 2px 0;text-align:left!important;border-bottom:1px solid rgba(128,128,128,.25);vertical-align:middle}\
.automl td.n,.automl th.n{text-align:right!important;font-variant-numeric:tabular-nums}.automl td{white-space:nowrap}.automl .dim{opacity:.65}\
.automl code{font-size:12px}.automl figure{margin:0}.automl figcaption{max-width:70ch;opacity:.8}.automl .scroll{overflow:auto;max-height:330px}.automl td.wrap{white-space:normal}.automl th button{all:unset;cursor:pointer}\
.automl th button:focus-visible{outline:2px solid currentColor}\
body[data-jp-theme-light=\"false\"] .automl .light{display:none}\
body:not([data-jp-theme-light=\"false\"]) .automl .dark{display:none}</style>";

/// Shows a value under the cell as HTML, and as text where HTML is not trusted, in one write, as the kernel wants it.
pub(crate) fn show(value: &dyn fmt::Debug, body: &str) {
    let content = format!(
        "EVCXR_BEGIN_CONTENT text/plain\n{value:?}\nEVCXR_END_CONTENT\n\
         EVCXR_BEGIN_CONTENT text/html\n<div class=\"automl\">{STYLE}{body}</div>\nEVCXR_END_CONTENT\n"
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

/// The same without zeros at its end: for a value that stands alone.
pub(crate) fn short(value: f64) -> String {
    let text = number(value);
    if text.contains('.') && !text.contains('e') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

/// A path as a person names it: from the working folder on, where it lies below that.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below.as_deref().unwrap_or(path).display().to_string()
}

/// Characters of a text in a table, the whole of which a pointer shows.
const MOST_SHOWN: usize = 60;

/// A cell of a table.
pub(crate) enum Cell {
    Text(String),
    Number(f64),
    Count(u64),
    /// Shown whole, over as many lines as it takes.
    Long(String),
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
                write!(out, "<td title=\"{}\">{}</td>", escape(text), escape(&clip(text, MOST_SHOWN)))
            }
            Cell::Number(value) => {
                write!(out, "<td class=\"n\" data-v=\"{value:e}\">{}</td>", number(*value))
            }
            Cell::Count(value) => write!(out, "<td class=\"n\" data-v=\"{value}\">{value}</td>"),
            Cell::Long(text) => write!(out, "<td class=\"wrap\">{}</td>", escape(text)),
            Cell::Html(html) => write!(out, "<td>{html}</td>"),
            Cell::Empty => write!(out, "<td></td>"),
        };
    }
}

/// A table whose columns sort at a click; a trusted notebook runs the script, and without it the table stays as it is.
pub(crate) fn table(header: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut out = String::from("<div class=\"scroll\"><table><thead><tr>");
    for (place, name) in header.iter().enumerate() {
        let is_number = |row: &Vec<Cell>| matches!(row.get(place), Some(Cell::Number(_) | Cell::Count(_)));
        let class = if rows.iter().any(is_number) { " class=\"n\"" } else { "" };
        let _ = write!(out, "<th{class}><button>{}</button></th>", escape(name));
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
        assert_eq!(
            [3.0, 0.42, 512.3292, 100.0, 1e-9].map(short),
            ["3", "0.42", "512.33", "100", "1.0000e-9"]
        );
    }

    #[test]
    fn long_texts_are_cut_by_characters() {
        assert_eq!(clip("äöü", 3), "äöü");
        assert_eq!(clip("äöüß", 3), "äö…");
    }
}

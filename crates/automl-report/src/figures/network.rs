//! A network as its layers, from the table to the prediction.

use automl_core::LayerFacts;

use super::{Figure, Span};
use crate::draw::{Anchor, CHARACTER_WIDTH, Canvas, Drawn, Paint};
use crate::format;

/// Layers drawn: more are folded into one box.
const MOST_LAYERS: usize = 14;
/// Height of a box, and of the arrow to the next.
const BOX: f64 = 40.0;
const ARROW: f64 = 16.0;

/// Figure data of a network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Network {
    title: String,
    /// From the first to the last; where there are too many, those in the middle are one.
    pub(crate) layers: Vec<LayerFacts>,
    n_parameters: usize,
}

impl Network {
    /// `None` without a layer.
    pub(crate) fn from(title: impl Into<String>, layers: &[LayerFacts]) -> Option<Self> {
        let n_parameters = layers.iter().map(|layer| layer.n_parameters).sum();
        let mut shown = layers.to_vec();
        if shown.len() > MOST_LAYERS {
            let folded: Vec<LayerFacts> =
                shown.drain((MOST_LAYERS / 2)..=(shown.len() - MOST_LAYERS / 2)).collect();
            let fold = LayerFacts {
                name: format!("{} layers more", folded.len()),
                shape: String::new(),
                n_parameters: folded.iter().map(|layer| layer.n_parameters).sum(),
            };
            shown.insert(MOST_LAYERS / 2, fold);
        }
        (!shown.is_empty()).then(|| Self { title: title.into(), layers: shown, n_parameters })
    }
}

impl Figure for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn title(&self) -> String {
        self.title.clone()
    }

    fn caption(&self) -> String {
        format!(
            "From the columns on top to the prediction at the bottom; {} learnt. Sizes are of one row.",
            format::counted(self.n_parameters, "number")
        )
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        self.layers.len() as f64 * (BOX + ARROW) - ARROW + 8.0
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let (left, right) = (4.0, canvas.width - 4.0);
        let middle = f64::midpoint(left, right);
        for (index, layer) in self.layers.iter().enumerate() {
            let top = 4.0 + index as f64 * (BOX + ARROW);
            if index > 0 {
                canvas.path(&[(middle, top - ARROW), (middle, top - 1.0)], Paint::Muted, 1.4, 1.0)?;
                canvas.path(
                    &[(middle - 4.0, top - 5.0), (middle, top - 1.0), (middle + 4.0, top - 5.0)],
                    Paint::Muted,
                    1.4,
                    1.0,
                )?;
            }
            let learns = layer.n_parameters > 0;
            let paint = if learns { Paint::Blue } else { Paint::Muted };
            canvas.bar((left, top), (right, top + BOX), paint, 0.14)?;
            canvas.bar((left, top), (left + 4.0, top + BOX), paint, 0.9)?;
            let numbers = if learns { format::counted(layer.n_parameters, "number") } else { String::new() };
            let room = ((right - left - 28.0) / CHARACTER_WIDTH) as usize;
            let for_name = room.saturating_sub(numbers.chars().count() + 2).max(8);
            canvas.text(
                &format::clip(&layer.name, for_name),
                (left + 14.0, top + 13.0),
                Anchor::Start,
                Paint::Ink,
            )?;
            canvas.text(&numbers, (right - 10.0, top + 13.0), Anchor::End, Paint::Muted)?;
            canvas.sized_text(
                &format::clip(&layer.shape, room),
                (left + 14.0, top + 29.0),
                Anchor::Start,
                Paint::Muted,
                11.0,
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_layers_are_folded_and_no_number_is_lost() {
        let layer = |index: usize| LayerFacts {
            name: format!("dense {index}"),
            shape: "8 → 8".to_owned(),
            n_parameters: index,
        };
        let layers: Vec<LayerFacts> = (0..40).map(layer).collect();
        let network = Network::from("t", &layers).unwrap();
        assert_eq!(network.layers.len(), MOST_LAYERS);
        assert_eq!(network.layers.iter().map(|layer| layer.n_parameters).sum::<usize>(), 780);
        assert_eq!(network.layers[7].name, "27 layers more");
        assert_eq!(Network::from("t", &layers[..3]).unwrap().layers.len(), 3);
        assert_eq!(Network::from("t", &[]), None);
    }
}

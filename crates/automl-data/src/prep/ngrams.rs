//! The n-grams of a text, as stable hashes.

use serde::{Deserialize, Serialize};

/// Lengths of the n-grams of characters.
const CHARS: std::ops::RangeInclusive<usize> = 3..=5;

/// Which pieces of a text are taken. Words are runs of letters and digits, in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NgramKind {
    /// Single words and pairs of neighbouring words.
    Word,
    /// Runs of 3 to 5 characters of a word between two spaces; a shorter word as a whole.
    Char,
}

impl NgramKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            NgramKind::Word => "words",
            NgramKind::Char => "characters",
        }
    }
}

/// Cuts texts; keeps its memory from text to text.
#[derive(Debug, Default)]
pub(super) struct Ngrams {
    lower: String,
    padded: String,
    starts: Vec<usize>,
}

impl Ngrams {
    /// Calls `visit` with the hash of every n-gram, repeated ones repeatedly.
    pub(super) fn for_each(&mut self, kind: NgramKind, text: &str, mut visit: impl FnMut(u64)) {
        self.lower.clear();
        self.lower.extend(text.chars().flat_map(char::to_lowercase));
        let Self { lower, padded, starts } = self;
        let words = lower.split(|symbol: char| !symbol.is_alphanumeric()).filter(|word| !word.is_empty());
        match kind {
            NgramKind::Word => visit_words(words, visit),
            NgramKind::Char => {
                for word in words {
                    padded.clear();
                    padded.extend([" ", word, " "]);
                    starts.clear();
                    starts.extend(padded.char_indices().map(|(start, _)| start));
                    starts.push(padded.len());
                    visit_chars(padded, starts, &mut visit);
                }
            }
        }
    }
}

fn visit_words<'a>(words: impl Iterator<Item = &'a str>, mut visit: impl FnMut(u64)) {
    let mut previous: Option<Fnv> = None;
    for word in words {
        visit(Fnv::START.add(word).finish());
        if let Some(pair) = previous {
            visit(pair.add(" ").add(word).finish());
        }
        previous = Some(Fnv::START.add(word));
    }
}

/// `starts` holds the byte at which each character of `word` starts, and the length of `word`.
fn visit_chars(word: &str, starts: &[usize], visit: &mut impl FnMut(u64)) {
    let n_chars = starts.len() - 1;
    for length in CHARS {
        if n_chars <= length {
            visit(Fnv::START.add(word).finish());
            return;
        }
        for window in starts.windows(length + 1) {
            visit(Fnv::START.add(&word[window[0]..window[length]]).finish());
        }
    }
}

/// FNV-1a of 64 bits. The standard library's hashers may change between releases; this must not,
/// because fitted weights belong to its buckets.
#[derive(Debug, Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    const START: Fnv = Fnv(0xcbf2_9ce4_8422_2325);

    fn add(self, text: &str) -> Self {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Fnv(text.bytes().fold(self.0, step))
    }

    /// Mixed with `MurmurHash3`'s finaliser, because the high bits of FNV hardly depend on short texts.
    fn finish(self) -> u64 {
        let mut hash = self.0;
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ (hash >> 33)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(kind: NgramKind, text: &str) -> Vec<u64> {
        let mut hashes = Vec::new();
        Ngrams::default().for_each(kind, text, |hash| hashes.push(hash));
        hashes.sort_unstable();
        hashes
    }

    fn hashed(ngrams: &[&str]) -> Vec<u64> {
        let mut hashes: Vec<u64> = ngrams.iter().map(|ngram| Fnv::START.add(ngram).finish()).collect();
        hashes.sort_unstable();
        hashes
    }

    #[test]
    fn fnv_equals_its_published_values() {
        // "Test vectors for FNV-1a", http://www.isthe.com/chongo/src/fnv/test_fnv.c
        assert_eq!(Fnv::START.add("").0, 0xcbf2_9ce4_8422_2325);
        assert_eq!(Fnv::START.add("a").0, 0xaf63_dc4c_8601_ec8c);
        assert_eq!(Fnv::START.add("foobar").0, 0x8594_4171_f739_67e8);
    }

    #[test]
    fn words_come_single_and_in_pairs() {
        assert_eq!(
            hashes(NgramKind::Word, "Free entry, FREE!"),
            hashed(&["free", "entry", "free", "free entry", "entry free"])
        );
        assert!(hashes(NgramKind::Word, " ... ").is_empty());
    }

    #[test]
    fn characters_stay_inside_words() {
        assert_eq!(hashes(NgramKind::Char, "a öl"), hashed(&[" a ", " öl", "öl ", " öl "]));
    }
}

//! Files of a saved model: tensors as safetensors, everything else as JSON.
//!
//! Every family writes through these helpers, so that every fault is an [`ArtifactError`] naming its file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use automl_core::ArtifactError;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A number that a tensor file can hold: `f32`, `f64` or `u32`.
pub trait Element: Copy {
    /// Its name in the file.
    const DTYPE: Dtype;

    /// Appends its bytes, least significant first.
    fn put(self, bytes: &mut Vec<u8>);

    /// Reads it from the first bytes, of which there are enough.
    fn get(bytes: &[u8]) -> Self;

    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

macro_rules! element {
    ($type:ty, $dtype:expr, $is_finite:expr) => {
        impl Element for $type {
            const DTYPE: Dtype = $dtype;

            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }

            fn get(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$type>()];
                own.copy_from_slice(&bytes[..size_of::<$type>()]);
                Self::from_le_bytes(own)
            }

            fn is_finite(self) -> bool {
                $is_finite(self)
            }
        }
    };
}

element!(f32, Dtype::F32, f32::is_finite);
element!(f64, Dtype::F64, f64::is_finite);
element!(u32, Dtype::U32, |_| true);

/// The tensors of one file, each with its shape.
#[derive(Debug)]
pub struct Tensors<T = f32> {
    path: PathBuf,
    by_name: BTreeMap<String, (Vec<usize>, Vec<T>)>,
}

impl<T: Element> Tensors<T> {
    /// Takes the tensor `name`, row-major, out of the file.
    ///
    /// # Errors
    /// [`ArtifactError::Corrupt`] if it is missing, has another shape, or holds a value that is not finite.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<T>, ArtifactError> {
        let Some((found, values)) = self.by_name.remove(name) else {
            return Err(corrupt(&self.path, format!("has no tensor `{name}`")));
        };
        if found != shape {
            let reason = format!("holds `{name}` with shape {found:?}; expected {shape:?}");
            return Err(corrupt(&self.path, reason));
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(corrupt(&self.path, format!("holds values in `{name}` that are not finite")));
        }
        Ok(values)
    }
}

/// Writes `(name, shape, values)` triples, row-major, to `dir/file`.
///
/// # Errors
/// [`ArtifactError::Io`] if the file cannot be written, [`ArtifactError::Corrupt`] if a shape does not
/// fit its values.
pub fn save_tensors<T: Element>(
    dir: &Path,
    file: &str,
    tensors: &[(&str, &[usize], &[T])],
) -> Result<(), ArtifactError> {
    let path = dir.join(file);
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, _, values)| to_bytes(values)).collect();
    let mut views = Vec::with_capacity(tensors.len());
    for ((name, shape, _), data) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(T::DTYPE, shape.to_vec(), data)
            .map_err(|error| corrupt(&path, format!("cannot hold `{name}`: {error}")))?;
        views.push((*name, view));
    }
    let content =
        serialize(views, None).map_err(|error| corrupt(&path, format!("cannot be made: {error}")))?;
    write(&path, &content)
}

/// Reads what [`save_tensors`] wrote.
///
/// # Errors
/// [`ArtifactError::Io`] if the file cannot be read, [`ArtifactError::Corrupt`] if it is not a
/// safetensors file of `T`.
pub fn load_tensors<T: Element>(dir: &Path, file: &str) -> Result<Tensors<T>, ArtifactError> {
    let path = dir.join(file);
    let content = read(&path)?;
    let parsed = SafeTensors::deserialize(&content)
        .map_err(|error| corrupt(&path, format!("is not a safetensors file: {error}")))?;
    let mut by_name = BTreeMap::new();
    for (name, view) in parsed.iter() {
        if view.dtype() != T::DTYPE {
            let reason = format!("holds `{name}` as {:?}; expected {:?}", view.dtype(), T::DTYPE);
            return Err(corrupt(&path, reason));
        }
        by_name.insert(name.to_owned(), (view.shape().to_vec(), from_bytes(view.data())));
    }
    Ok(Tensors { path, by_name })
}

/// Writes `value` as indented JSON to `dir/file`.
///
/// # Errors
/// [`ArtifactError::Io`] if the file cannot be written, [`ArtifactError::Corrupt`] if `value` has no
/// JSON form.
pub fn save_json<T: Serialize>(dir: &Path, file: &str, value: &T) -> Result<(), ArtifactError> {
    let path = dir.join(file);
    let mut content = serde_json::to_vec_pretty(value)
        .map_err(|error| corrupt(&path, format!("cannot be made: {error}")))?;
    content.push(b'\n');
    write(&path, &content)
}

/// Reads what [`save_json`] wrote.
///
/// # Errors
/// [`ArtifactError::Io`] if the file cannot be read, [`ArtifactError::Corrupt`] if it does not hold a `T`.
pub fn load_json<T: DeserializeOwned>(dir: &Path, file: &str) -> Result<T, ArtifactError> {
    let path = dir.join(file);
    let content = read(&path)?;
    serde_json::from_slice(&content)
        .map_err(|error| corrupt(&path, format!("does not hold what was expected: {error}")))
}

/// The error for a file whose content is wrong; `reason` ends a sentence that begins with the path.
pub fn corrupt(path: &Path, reason: impl Into<String>) -> ArtifactError {
    ArtifactError::Corrupt { path: path.to_owned(), reason: reason.into() }
}

fn read(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    fs::read(path).map_err(|source| ArtifactError::Io { action: "read", path: path.to_owned(), source })
}

fn write(path: &Path, content: &[u8]) -> Result<(), ArtifactError> {
    fs::write(path, content).map_err(|source| ArtifactError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

fn to_bytes<T: Element>(values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of_val(values));
    for value in values {
        value.put(&mut bytes);
    }
    bytes
}

fn from_bytes<T: Element>(bytes: &[u8]) -> Vec<T> {
    bytes.chunks_exact(size_of::<T>()).map(T::get).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_come_back_bit_for_bit() {
        let dir = tempfile::tempdir().unwrap();
        let values: [f32; 6] = [1.0, -0.1, f32::MIN_POSITIVE, 3e38, 0.0, -7.5];
        save_tensors(dir.path(), "w.safetensors", &[("a", &[2, 3], &values), ("b", &[1], &[2.0])]).unwrap();
        let mut tensors = load_tensors::<f32>(dir.path(), "w.safetensors").unwrap();
        assert_eq!(tensors.take("a", &[2, 3]).unwrap(), values);
        assert_eq!(tensors.take("b", &[1]).unwrap(), [2.0]);
    }

    #[test]
    fn doubles_come_back_bit_for_bit_and_are_not_read_as_singles() {
        let dir = tempfile::tempdir().unwrap();
        let values = [0.1_f64, -1e300, f64::MIN_POSITIVE];
        save_tensors(dir.path(), "w.safetensors", &[("a", &[3], &values)]).unwrap();
        let mut tensors = load_tensors::<f64>(dir.path(), "w.safetensors").unwrap();
        assert_eq!(tensors.take("a", &[3]).unwrap(), values);
        let error = load_tensors::<f32>(dir.path(), "w.safetensors").unwrap_err().to_string();
        assert!(error.ends_with("holds `a` as F64; expected F32"), "{error}");
    }

    #[test]
    fn a_wrong_shape_and_a_missing_tensor_are_named() {
        let dir = tempfile::tempdir().unwrap();
        save_tensors(dir.path(), "w.safetensors", &[("a", &[2], &[1.0_f32, 2.0])]).unwrap();
        let mut tensors = load_tensors::<f32>(dir.path(), "w.safetensors").unwrap();
        let missing = tensors.take("b", &[1]).unwrap_err().to_string();
        assert!(missing.ends_with("w.safetensors` has no tensor `b`"), "{missing}");
        let shape = tensors.take("a", &[3]).unwrap_err().to_string();
        assert!(shape.ends_with("holds `a` with shape [2]; expected [3]"), "{shape}");
    }

    #[test]
    fn a_damaged_file_is_corrupt_and_a_missing_one_is_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("w.safetensors"), b"no such thing").unwrap();
        assert!(matches!(
            load_tensors::<f32>(dir.path(), "w.safetensors"),
            Err(ArtifactError::Corrupt { .. })
        ));
        fs::write(dir.path().join("m.json"), b"{\"a\": ").unwrap();
        let json = load_json::<BTreeMap<String, u32>>(dir.path(), "m.json");
        assert!(matches!(json, Err(ArtifactError::Corrupt { .. })));
        let missing = load_json::<BTreeMap<String, u32>>(dir.path(), "none.json");
        assert!(matches!(missing, Err(ArtifactError::Io { action: "read", .. })));
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        save_tensors(dir.path(), "w.safetensors", &[("a", &[1], &[f32::NAN])]).unwrap();
        let mut tensors = load_tensors::<f32>(dir.path(), "w.safetensors").unwrap();
        assert!(matches!(tensors.take("a", &[1]), Err(ArtifactError::Corrupt { .. })));
    }
}

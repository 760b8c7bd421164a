//! The list of families: adding one is adding a line here. A program adds its own with [`register`].

use std::sync::{Arc, PoisonError, RwLock};

use automl_core::{Hint, ModelFamily};
use thiserror::Error;

use crate::constant::ConstantFamily;
use crate::forest::{ExtraTreesFamily, RandomForestFamily};
use crate::gbdt::GbdtFamily;
use crate::knn::KnnFamily;
use crate::linear::LinearFamily;
use crate::neural::{FtTransformerFamily, MlpFamily, RealMlpFamily, ResNetFamily, TabmFamily};

/// Families of this program's own.
static OWN: RwLock<Vec<Arc<dyn ModelFamily>>> = RwLock::new(Vec::new());

/// A family that cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// There is one of this name already.
    #[error("there is a model family `{id}` already")]
    Taken {
        /// The name.
        id: String,
    },
    /// It is the prefix of hyper-parameters and the name of a choice.
    #[error(
        "`{id}` is no name for a model family: it needs lower-case letters, digits and `_`, beginning with a letter"
    )]
    Name {
        /// The name.
        id: String,
    },
}

impl Hint for RegisterError {
    fn hints(&self) -> Vec<String> {
        vec!["give it another name: `fn id`".to_owned()]
    }
}

/// Adds a family to those of [`families`], for all searches and models of this process from now on. One that was registered
/// under the same name before gives way, as in a notebook whose cell runs again.
///
/// # Errors
/// [`RegisterError`] if its name cannot be one, or belongs to a family that is built in.
pub fn register(family: Arc<dyn ModelFamily>) -> Result<(), RegisterError> {
    let id = family.id();
    let is_name = id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_name {
        return Err(RegisterError::Name { id: id.to_owned() });
    }
    if built_in().iter().any(|known| known.id() == id) {
        return Err(RegisterError::Taken { id: id.to_owned() });
    }
    let mut own = OWN.write().unwrap_or_else(PoisonError::into_inner);
    own.retain(|known| known.id() != id);
    own.push(family);
    Ok(())
}

/// Whether the family of this name is one that was registered: other processes do not know it.
pub fn is_registered(id: &str) -> bool {
    OWN.read().unwrap_or_else(PoisonError::into_inner).iter().any(|family| family.id() == id)
}

/// Every family: those of this program's own, then those that are built in, a quick one of each kind before the slow ones. In this
/// order their first guesses are tried where nothing is known of their times.
pub fn families() -> Vec<Arc<dyn ModelFamily>> {
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner).clone();
    own.into_iter().chain(built_in()).collect()
}

fn built_in() -> Vec<Arc<dyn ModelFamily>> {
    vec![
        Arc::new(ConstantFamily),
        Arc::new(LinearFamily),
        Arc::new(GbdtFamily),
        Arc::new(MlpFamily),
        Arc::new(RandomForestFamily),
        Arc::new(ExtraTreesFamily),
        Arc::new(KnnFamily),
        Arc::new(RealMlpFamily),
        Arc::new(TabmFamily),
        Arc::new(ResNetFamily),
        Arc::new(FtTransformerFamily),
    ]
}

/// The family with this [`ModelFamily::id`].
pub fn family(id: &str) -> Option<Arc<dyn ModelFamily>> {
    families().into_iter().find(|family| family.id() == id)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::path::Path;

    use automl_core::{
        ArtifactError, DataProfile, Device, Epoch, FitContext, FitError, FittedModel, InputForm, Member,
        MemoryNeed, ParamSpec, Params,
    };

    use super::*;

    #[test]
    fn families_are_listed_quick_ones_first_and_found_by_name() {
        let built_in = built_in();
        let ids: Vec<&str> = built_in.iter().map(|family| family.id()).collect();
        let expected = [
            "constant",
            "linear",
            "gbdt",
            "mlp",
            "random_forest",
            "extra_trees",
            "knn",
            "realmlp",
            "tabm",
            "resnet",
            "ft_transformer",
        ];
        assert_eq!(ids, expected);
        assert!(ids.iter().all(|id| family(id).is_some_and(|family| family.id() == *id)));
        assert!(family("forest").is_none());
    }

    /// The constant family by another name.
    struct Renamed(&'static str);

    impl ModelFamily for Renamed {
        fn id(&self) -> &'static str {
            self.0
        }

        fn space(&self, data: &DataProfile) -> Option<Vec<ParamSpec>> {
            ConstantFamily.space(data)
        }

        fn defaults(&self, data: &DataProfile) -> Vec<Params> {
            ConstantFamily.defaults(data)
        }

        fn input_form(&self) -> InputForm {
            ConstantFamily.input_form()
        }

        fn memory(&self, member: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
            ConstantFamily.memory(member, ctx)
        }

        fn fit_population(
            &self,
            members: &[Member<'_>],
            ctx: &FitContext<'_>,
            on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
        ) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
            ConstantFamily.fit_population(members, ctx, on_epoch)
        }

        fn load(&self, dir: &Path, device: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
            ConstantFamily.load(dir, device)
        }
    }

    #[test]
    fn a_family_of_ones_own_is_listed_once_under_a_name_that_is_free() {
        let n_built_in = families().len();
        assert!(!is_registered("mine"));
        for _ in 0..2 {
            register(Arc::new(Renamed("mine"))).unwrap();
        }
        assert!(is_registered("mine") && !is_registered("gbdt"));
        assert_eq!((families().len(), families()[0].id()), (n_built_in + 1, "mine"));
        assert!(family("mine").is_some());
        let refused =
            ["gbdt", "Mine", "my-net", "2d", ""].map(|id| register(Arc::new(Renamed(id))).unwrap_err());
        assert_eq!(refused[0], RegisterError::Taken { id: "gbdt".to_owned() });
        assert!(refused[1..].iter().all(|error| matches!(error, RegisterError::Name { .. })), "{refused:?}");
        assert_eq!(families().len(), n_built_in + 1);
    }
}

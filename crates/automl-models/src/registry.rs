//! The list of families: adding one is adding a line here.

use automl_core::ModelFamily;

use crate::constant::ConstantFamily;
use crate::forest::{ExtraTreesFamily, RandomForestFamily};
use crate::gbdt::GbdtFamily;
use crate::knn::KnnFamily;
use crate::linear::LinearFamily;
use crate::neural::{FtTransformerFamily, MlpFamily, RealMlpFamily, ResNetFamily, TabmFamily};

/// Every family, in the order in which their first guesses are tried: a quick one of each kind before the slow ones.
pub fn families() -> Vec<Box<dyn ModelFamily>> {
    vec![
        Box::new(ConstantFamily),
        Box::new(LinearFamily),
        Box::new(GbdtFamily),
        Box::new(MlpFamily),
        Box::new(RandomForestFamily),
        Box::new(ExtraTreesFamily),
        Box::new(KnnFamily),
        Box::new(RealMlpFamily),
        Box::new(TabmFamily),
        Box::new(ResNetFamily),
        Box::new(FtTransformerFamily),
    ]
}

/// The family with this [`ModelFamily::id`].
pub fn family(id: &str) -> Option<Box<dyn ModelFamily>> {
    families().into_iter().find(|family| family.id() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_listed_quick_ones_first_and_found_by_name() {
        let ids: Vec<&str> = families().iter().map(|family| family.id()).collect();
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
}

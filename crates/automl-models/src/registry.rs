//! The list of families: adding one is adding a line here.

use automl_core::ModelFamily;

use crate::constant::ConstantFamily;
use crate::linear::LinearFamily;
use crate::neural::{FtTransformerFamily, MlpFamily, RealMlpFamily, ResNetFamily, TabmFamily};

/// Every family, simplest first.
pub fn families() -> Vec<Box<dyn ModelFamily>> {
    vec![
        Box::new(ConstantFamily),
        Box::new(LinearFamily),
        Box::new(MlpFamily),
        Box::new(RealMlpFamily),
        Box::new(ResNetFamily),
        Box::new(TabmFamily),
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
    fn families_are_listed_simplest_first_and_found_by_name() {
        let ids: Vec<&str> = families().iter().map(|family| family.id()).collect();
        assert_eq!(ids, ["constant", "linear", "mlp", "realmlp", "resnet", "tabm", "ft_transformer"]);
        assert!(ids.iter().all(|id| family(id).is_some_and(|family| family.id() == *id)));
        assert!(family("forest").is_none());
    }
}

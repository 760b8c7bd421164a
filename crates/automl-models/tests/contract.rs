//! Every family keeps the contract of `ModelFamily`, on every device of this build.

#[cfg(feature = "libtorch")]
use automl_core::Device;
use automl_models::constant::ConstantFamily;
use automl_models::linear::LinearFamily;
use automl_models::mlp::MlpFamily;
use automl_testkit::family_contract;

family_contract!(constant, ConstantFamily);
family_contract!(linear, LinearFamily);
family_contract!(mlp, MlpFamily);
#[cfg(feature = "libtorch")]
family_contract!(mlp_on_libtorch, MlpFamily, Device::Libtorch);

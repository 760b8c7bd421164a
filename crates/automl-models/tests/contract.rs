//! Every family keeps the contract of `ModelFamily`.

use automl_models::constant::ConstantFamily;
use automl_models::linear::LinearFamily;
use automl_models::mlp::MlpFamily;
use automl_testkit::family_contract;

family_contract!(constant, ConstantFamily);
family_contract!(linear, LinearFamily);
family_contract!(mlp, MlpFamily);

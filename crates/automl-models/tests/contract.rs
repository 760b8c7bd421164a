//! Every family keeps the contract of `ModelFamily`, on every device of this build.

#[cfg(any(feature = "libtorch", feature = "cuda"))]
use automl_core::Device;
use automl_models::constant::ConstantFamily;
use automl_models::knn::KnnFamily;
use automl_models::linear::LinearFamily;
use automl_models::mlp::MlpFamily;
use automl_testkit::family_contract;

family_contract!(constant, ConstantFamily);
family_contract!(knn, KnnFamily);
family_contract!(linear, LinearFamily);
family_contract!(mlp, MlpFamily);
#[cfg(feature = "libtorch")]
family_contract!(mlp_on_libtorch, MlpFamily, Device::Libtorch);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    mlp_on_gpu,
    MlpFamily,
    Device::Cuda(0)
);

//! Every family keeps the contract of `ModelFamily`, on every device of this build.

use std::ops::ControlFlow;
use std::path::Path;

use automl_core::{
    ArtifactError, DataProfile, Device, Epoch, FitContext, FitError, FittedModel, InputForm, Member,
    MemoryNeed, ModelFamily, ParamSpec, Params,
};
use automl_models::constant::ConstantFamily;
use automl_models::forest::{ExtraTreesFamily, RandomForestFamily};
use automl_models::gbdt::GbdtFamily;
use automl_models::knn::KnnFamily;
use automl_models::linear::LinearFamily;
use automl_models::neural::{FtTransformerFamily, MlpFamily, RealMlpFamily, ResNetFamily, TabmFamily};
use automl_testkit::family_contract;

/// A family that trains small networks for a few epochs: the contract does not ask for good models.
struct Brief<F>(F);

fn shortened(params: &Params) -> Params {
    let most = [("max_epochs", 6_i64), ("width", 32), ("k", 4)];
    let own = most.into_iter().filter(|(name, _)| params.get(name).is_some());
    own.fold(params.clone(), |params, (name, most)| params.with(name, most))
}

impl<F: ModelFamily> ModelFamily for Brief<F> {
    fn id(&self) -> &'static str {
        self.0.id()
    }

    fn space(&self, data: &DataProfile) -> Option<Vec<ParamSpec>> {
        self.0.space(data)
    }

    fn defaults(&self, data: &DataProfile) -> Vec<Params> {
        self.0.defaults(data)
    }

    fn input_form(&self) -> InputForm {
        self.0.input_form()
    }

    fn memory(&self, member: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
        self.0.memory(&Member { params: &shortened(member.params), ..*member }, ctx)
    }

    fn fit_population(
        &self,
        members: &[Member<'_>],
        ctx: &FitContext<'_>,
        on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
    ) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
        let short: Vec<Params> = members.iter().map(|member| shortened(member.params)).collect();
        let members: Vec<Member<'_>> =
            members.iter().zip(&short).map(|(member, params)| Member { params, ..*member }).collect();
        self.0.fit_population(&members, ctx, on_epoch)
    }

    fn load(&self, dir: &Path, device: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
        self.0.load(dir, device)
    }
}

/// A family of networks whose first guesses mix rows and add noise to them, and average weights.
struct Augmented<F>(F);

impl<F: ModelFamily> ModelFamily for Augmented<F> {
    fn id(&self) -> &'static str {
        self.0.id()
    }

    fn space(&self, data: &DataProfile) -> Option<Vec<ParamSpec>> {
        self.0.space(data)
    }

    /// Of one shape, so that unlike members train together.
    fn defaults(&self, data: &DataProfile) -> Vec<Params> {
        let first = self.0.defaults(data).remove(0);
        let mixed = first.clone().with("augmentation", "mixup").with("mixup_alpha", 0.4);
        let noisy = first.with("augmentation", "noise").with("noise_std", 0.1);
        vec![mixed.with("averaging", "ema").with("averaging_decay", 0.9), noisy]
    }

    fn input_form(&self) -> InputForm {
        self.0.input_form()
    }

    fn memory(&self, member: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
        self.0.memory(member, ctx)
    }

    fn fit_population(
        &self,
        members: &[Member<'_>],
        ctx: &FitContext<'_>,
        on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
    ) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
        self.0.fit_population(members, ctx, on_epoch)
    }

    fn load(&self, dir: &Path, device: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
        self.0.load(dir, device)
    }
}

family_contract!(mlp_augmented, Augmented(Brief(MlpFamily)));
family_contract!(realmlp_augmented, Augmented(Brief(RealMlpFamily)));
family_contract!(resnet_augmented, Augmented(Brief(ResNetFamily)));
family_contract!(tabm_augmented, Augmented(Brief(TabmFamily)));
family_contract!(ft_transformer_augmented, Augmented(Brief(FtTransformerFamily)));
family_contract!(constant, ConstantFamily);
family_contract!(extra_trees, ExtraTreesFamily);
family_contract!(gbdt, GbdtFamily);
family_contract!(knn, KnnFamily);
family_contract!(linear, LinearFamily);
family_contract!(mlp, MlpFamily);
family_contract!(random_forest, RandomForestFamily);
family_contract!(realmlp, Brief(RealMlpFamily));
family_contract!(resnet, Brief(ResNetFamily));
family_contract!(tabm, Brief(TabmFamily));
family_contract!(ft_transformer, Brief(FtTransformerFamily));
#[cfg(feature = "libtorch")]
family_contract!(mlp_on_libtorch, MlpFamily, Device::Libtorch);
#[cfg(feature = "libtorch")]
family_contract!(realmlp_on_libtorch, Brief(RealMlpFamily), Device::Libtorch);
#[cfg(feature = "libtorch")]
family_contract!(resnet_on_libtorch, Brief(ResNetFamily), Device::Libtorch);
#[cfg(feature = "libtorch")]
family_contract!(tabm_on_libtorch, Brief(TabmFamily), Device::Libtorch);
#[cfg(feature = "libtorch")]
family_contract!(ft_transformer_on_libtorch, Brief(FtTransformerFamily), Device::Libtorch);
#[cfg(feature = "libtorch")]
family_contract!(mlp_augmented_on_libtorch, Augmented(Brief(MlpFamily)), Device::Libtorch);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    mlp_augmented_on_gpu,
    Augmented(Brief(MlpFamily)),
    Device::Cuda(0)
);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    mlp_on_gpu,
    MlpFamily,
    Device::Cuda(0)
);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    realmlp_on_gpu,
    Brief(RealMlpFamily),
    Device::Cuda(0)
);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    tabm_on_gpu,
    Brief(TabmFamily),
    Device::Cuda(0)
);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    resnet_on_gpu,
    Brief(ResNetFamily),
    Device::Cuda(0)
);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    ft_transformer_on_gpu,
    Brief(FtTransformerFamily),
    Device::Cuda(0)
);

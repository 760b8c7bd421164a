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

/// A family with other first guesses, whose members train with other parameters.
struct Adapted<F> {
    family: F,
    guesses: fn(Vec<Params>) -> Vec<Params>,
    member: fn(&Params) -> Params,
}

/// A family that trains small networks for a few epochs: the contract does not ask for good models.
fn brief<F>(family: F) -> Adapted<F> {
    Adapted { family, guesses: |guesses| guesses, member: shortened }
}

fn shortened(params: &Params) -> Params {
    let most = [("max_epochs", 6_i64), ("width", 32), ("k", 4)];
    let own = most.into_iter().filter(|(name, _)| params.get(name).is_some());
    own.fold(params.clone(), |params, (name, most)| params.with(name, most))
}

/// Such a family whose first guesses mix rows and add noise to them, and average weights.
fn augmented<F>(family: F) -> Adapted<F> {
    Adapted { guesses: mixed_and_noisy, ..brief(family) }
}

/// Of one shape, so that unlike members train together.
fn mixed_and_noisy(mut guesses: Vec<Params>) -> Vec<Params> {
    let first = guesses.remove(0);
    let mixed = first.clone().with("augmentation", "mixup").with("mixup_alpha", 0.4);
    let noisy = first.with("augmentation", "noise").with("noise_std", 0.1);
    vec![mixed.with("averaging", "ema").with("averaging_decay", 0.9), noisy]
}

impl<F: ModelFamily> ModelFamily for Adapted<F> {
    fn id(&self) -> &'static str {
        self.family.id()
    }

    fn space(&self, data: &DataProfile) -> Option<Vec<ParamSpec>> {
        self.family.space(data)
    }

    fn defaults(&self, data: &DataProfile) -> Vec<Params> {
        (self.guesses)(self.family.defaults(data))
    }

    fn input_form(&self) -> InputForm {
        self.family.input_form()
    }

    fn memory(&self, member: &Member<'_>, ctx: &FitContext<'_>) -> Result<MemoryNeed, FitError> {
        self.family.memory(&Member { params: &(self.member)(member.params), ..*member }, ctx)
    }

    fn fit_population(
        &self,
        members: &[Member<'_>],
        ctx: &FitContext<'_>,
        on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
    ) -> Vec<Result<Box<dyn FittedModel>, FitError>> {
        let params: Vec<Params> = members.iter().map(|member| (self.member)(member.params)).collect();
        let members: Vec<Member<'_>> =
            members.iter().zip(&params).map(|(member, params)| Member { params, ..*member }).collect();
        self.family.fit_population(&members, ctx, on_epoch)
    }

    fn load(&self, dir: &Path, device: Device) -> Result<Box<dyn FittedModel>, ArtifactError> {
        self.family.load(dir, device)
    }
}

family_contract!(mlp_augmented, augmented(MlpFamily));
family_contract!(realmlp_augmented, augmented(RealMlpFamily));
family_contract!(resnet_augmented, augmented(ResNetFamily));
family_contract!(tabm_augmented, augmented(TabmFamily));
family_contract!(ft_transformer_augmented, augmented(FtTransformerFamily));
family_contract!(constant, ConstantFamily);
family_contract!(extra_trees, ExtraTreesFamily);
family_contract!(gbdt, GbdtFamily);
family_contract!(knn, KnnFamily);
family_contract!(linear, LinearFamily);
family_contract!(mlp, MlpFamily);
family_contract!(random_forest, RandomForestFamily);
family_contract!(realmlp, brief(RealMlpFamily));
family_contract!(resnet, brief(ResNetFamily));
family_contract!(tabm, brief(TabmFamily));
family_contract!(ft_transformer, brief(FtTransformerFamily));
#[cfg(feature = "libtorch")]
family_contract!(mlp_on_libtorch, MlpFamily, Device::Libtorch);
#[cfg(feature = "libtorch")]
family_contract!(realmlp_on_libtorch, brief(RealMlpFamily), Device::Libtorch);
#[cfg(feature = "libtorch")]
family_contract!(resnet_on_libtorch, brief(ResNetFamily), Device::Libtorch);
#[cfg(feature = "libtorch")]
family_contract!(tabm_on_libtorch, brief(TabmFamily), Device::Libtorch);
#[cfg(feature = "libtorch")]
family_contract!(ft_transformer_on_libtorch, brief(FtTransformerFamily), Device::Libtorch);
#[cfg(feature = "libtorch")]
family_contract!(mlp_augmented_on_libtorch, augmented(MlpFamily), Device::Libtorch);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    mlp_augmented_on_gpu,
    augmented(MlpFamily),
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
    brief(RealMlpFamily),
    Device::Cuda(0)
);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    tabm_on_gpu,
    brief(TabmFamily),
    Device::Cuda(0)
);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    resnet_on_gpu,
    brief(ResNetFamily),
    Device::Cuda(0)
);
#[cfg(any(feature = "libtorch", feature = "cuda"))]
family_contract!(
    #[ignore = "needs an NVIDIA GPU; `make cuda-tests` runs it"]
    ft_transformer_on_gpu,
    brief(FtTransformerFamily),
    Device::Cuda(0)
);

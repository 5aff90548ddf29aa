//! What is behind one type must look the same as what is not.

use backdraft_hooks::Taps;
use backdraft_layers::{Architecture, Network};
use backdraft_linear_recurrent::LinearRecurrentConfig;
use backdraft_mlp::MlpConfig;
use backdraft_recurrent::RecurrentConfig;
use backdraft_resnet::ResnetConfig;
use backdraft_transformer::TransformerConfig;
use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::{OtherConfig, OtherNetwork, register};
use crate::{NetworkConfig, named, save};

/// Calls a generic function for the type of every listed architecture.
macro_rules! for_every_architecture {
    ($function:ident) => {{
        $function::<MlpConfig>();
        $function::<ResnetConfig>();
        $function::<RecurrentConfig>();
        $function::<LinearRecurrentConfig>();
        $function::<TransformerConfig>();
    }};
}

/// Everything that a visitor meets, in order.
#[derive(Default, PartialEq, Debug)]
struct Met(Vec<String>);

impl ModuleVisitor for Met {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.0.push(format!("float {} {:?}", parameter.id, parameter.val().into_data()));
    }

    fn visit_int<const D: usize>(&mut self, parameter: &Param<Tensor<D, Int>>) {
        self.0.push(format!("int {} {:?}", parameter.id, parameter.val().into_data()));
    }

    fn visit_bool<const D: usize>(&mut self, parameter: &Param<Tensor<D, Bool>>) {
        self.0.push(format!("bool {} {:?}", parameter.id, parameter.val().into_data()));
    }

    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.0.push(format!("flag {} {}", flag.id, flag.is_enabled()));
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.push(format!("into {name} ({container_type})"));
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.push(format!("out of {name} ({container_type})"));
    }
}

fn met<M: Module>(module: &M) -> Met {
    let mut met = Met::default();
    module.visit(&mut met);
    met
}

/// Adds 1 to every float, negates every int and bool, and keeps the places.
#[derive(Default)]
struct Change(Vec<String>);

impl ModuleMapper for Change {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|value| value + 1.0)
    }

    fn map_int<const D: usize>(
        &mut self,
        parameter: Param<Tensor<D, Int>>,
    ) -> Param<Tensor<D, Int>> {
        parameter.map(Tensor::neg)
    }

    fn map_bool<const D: usize>(
        &mut self,
        parameter: Param<Tensor<D, Bool>>,
    ) -> Param<Tensor<D, Bool>> {
        parameter.map(Tensor::bool_not)
    }

    fn map_flag(&mut self, _: Param<Flag>) -> Param<Flag> {
        Param::<Flag>::from_bool(true)
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.0.push(name.to_owned());
    }
}

/// Parameters of every kind and rank.
#[derive(Module, Debug)]
struct Everything {
    one: Param<Tensor<1>>,
    three: Param<Tensor<3>>,
    seven: Vec<Param<Tensor<7>>>,
    eight: Param<Tensor<8>>,
    whole: Param<Tensor<2, Int>>,
    truth: Option<Param<Tensor<4, Bool>>>,
    flag: Param<Flag>,
}

impl Network for Everything {
    fn score(&self, examples: Tensor<2>, _: &mut Taps) -> Tensor<2> {
        examples
    }
}

fn everything(device: &Device) -> Everything {
    fn values<const D: usize>(device: &Device) -> Param<Tensor<D>> {
        let values: Vec<f32> = (0..4).map(|i| i as f32).collect();
        let mut shape = [1; D];
        shape[D - 1] = 4;
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
    }
    let whole = Tensor::<2, Int>::from_data([[1, 2], [3, 4]], device);
    let truth = Tensor::<2, Bool>::from_data([[true, false], [false, false]], device);
    Everything {
        one: values(device),
        three: values(device),
        seven: vec![values(device), values(device)],
        eight: values(device),
        whole: Param::initialized(burn::module::ParamId::new(), whole),
        truth: Some(Param::initialized(burn::module::ParamId::new(), truth.reshape([1, 2, 2, 1]))),
        flag: Param::<Flag>::from_bool(false),
    }
}

#[test]
fn visitors_and_mappers_meet_parameters_of_every_kind_and_rank() {
    let plain = everything(&Device::flex());
    let wrapped = OtherNetwork::new(plain.clone());
    assert_eq!(met(&wrapped), met(&plain));
    assert!(met(&plain).0.len() > 20, "{:?}", met(&plain));
    let (mut of_plain, mut of_wrapped) = (Change::default(), Change::default());
    let flagless = |met: Met| -> Vec<String> {
        met.0.into_iter().filter(|line| !line.starts_with("flag")).collect()
    };
    let changed = plain.clone().map(&mut of_plain);
    let wrapped = wrapped.map(&mut of_wrapped);
    assert_eq!(of_plain.0, of_wrapped.0);
    assert_ne!(met(&changed), met(&plain));
    assert!(wrapped.downcast_ref::<Everything>().unwrap().flag.is_enabled());
    assert_eq!(flagless(met(&wrapped)), flagless(met(&changed)));
    assert_eq!(wrapped.num_params(), changed.num_params());
    assert!(!wrapped.no_grad().downcast_ref::<Everything>().unwrap().one.is_require_grad());
}

#[test]
fn a_wrapped_network_has_the_outputs_weights_and_names_of_the_plain_one() {
    fn check<A: Architecture + 'static>() {
        let device = Device::flex().autodiff();
        let config = A::default().miniature();
        let plain = NetworkConfig::of(config.clone());
        assert!(!matches!(plain, NetworkConfig::Other(_)), "{}", A::NAME);
        let wrapped = NetworkConfig::Other(OtherConfig::new(config));
        let [plain_network, wrapped_network] =
            [&plain, &wrapped].map(|config| config.try_init(3, &device).unwrap());
        let elements = plain.example_shape().iter().product();
        let examples = Tensor::ones([3, elements], &device);
        let scores = [&plain_network, &wrapped_network]
            .map(|network| network.score(examples.clone(), &mut Taps::off()).into_data());
        assert_eq!(scores[0], scores[1], "{}", A::NAME);
        assert_eq!(plain_network.num_params(), wrapped_network.num_params());
        // Running statistics are brought up to date by this.
        for network in [&plain_network, &wrapped_network] {
            assert!(network.valid().devices().iter().all(|device| !device.is_autodiff()));
        }
        let folder = tempfile::tempdir().unwrap();
        let files =
            [(&plain_network, "plain"), (&wrapped_network, "wrapped")].map(|(network, name)| {
                let path = folder.path().join(name).with_extension("safetensors");
                save(network, &path).unwrap();
                std::fs::read(path).unwrap()
            });
        let names = files.map(|bytes| {
            let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
            let mut names: Vec<(String, Vec<u8>)> = file
                .tensors()
                .into_iter()
                .map(|(name, tensor)| (name, tensor.data().to_vec()))
                .collect();
            names.sort();
            names
        });
        assert_eq!(names[0], names[1], "{}", A::NAME);
        let mut read = wrapped.try_init(4, &device).unwrap();
        let path = folder.path().join("plain.safetensors");
        crate::load(&mut read, &wrapped, &path).unwrap();
        let score = read.score(examples, &mut Taps::off()).into_data();
        assert_eq!(score, scores[0], "{}", A::NAME);
    }
    for_every_architecture!(check);
}

#[test]
fn a_wrapped_configuration_says_the_same_as_the_plain_one_and_conforms() {
    fn check<A: Architecture + 'static>() {
        let config = A::default().miniature();
        let wrapped = NetworkConfig::Other(OtherConfig::new(config.clone()));
        let plain = NetworkConfig::of(config.clone());
        assert_eq!(wrapped.name(), plain.name());
        assert_eq!(wrapped.num_learned(), plain.num_learned());
        assert_eq!(wrapped.outputs(), plain.outputs());
        assert_eq!(wrapped.num_activations(), plain.num_activations());
        assert_eq!(wrapped.pytorch_names(), plain.pytorch_names());
        assert_eq!(wrapped.clone(), wrapped);
        assert_ne!(wrapped, plain);
        let table = |config: &NetworkConfig| toml::Table::try_from(config).unwrap();
        assert_eq!(table(&wrapped), table(&plain));
        let json = serde_json::to_value(&plain).unwrap();
        assert_eq!(serde_json::from_value::<NetworkConfig>(json).unwrap(), plain);
        let NetworkConfig::Other(other) = &wrapped else { unreachable!() };
        assert_eq!(other.downcast_ref::<A>(), Some(&config));
    }
    for_every_architecture!(check);
    let mlp = NetworkConfig::Other(OtherConfig::new(MlpConfig::default().miniature()));
    let report = mlp.conform(&[Device::flex()]);
    assert!(report.iter().all(|check| check.fault.is_none()), "{report:?}");
}

#[test]
fn a_listed_architecture_is_registered_by_nature_and_unknown_names_list_all() {
    register::<MlpConfig>().unwrap();
    assert!(matches!(named("mlp"), Some(NetworkConfig::Mlp(_))));
    let read = |text: &str| serde_json::from_str::<NetworkConfig>(text).unwrap_err().to_string();
    let unknown = read(r#"{"architecture": "mpl"}"#);
    assert!(unknown.contains("no architecture `mpl`") && unknown.contains("`mlp`, `resnet`"));
    assert!(read(r#"{"depth": 5}"#).contains("missing field `architecture`"));
    assert!(read(r#"{"architecture": 5}"#).contains("`architecture = 5`"));
    assert!(read(r#"{"architecture": "mlp", "dept": 5}"#).contains("unknown field `dept`"));
}

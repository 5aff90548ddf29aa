//! Training on a device of another process or machine, through Burn's own remote back end.
//!
//! A program of its own: hosting a server makes a process asynchronous for good.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::thread;

use backdraft_hooks::{GradientHook, QUANTITIES, Row, Schedule};
use backdraft_layers::Activation;
use backdraft_mlp::{Mlp, MlpConfig};
use backdraft_trainer::{BinaryCrossEntropy, Examples, Splits, Trainer, TrainerConfig};
use burn::remote::RemoteHost;
use burn::server::{RemoteServer, WebSocketTransport};
use burn::tensor::{Device, Tensor};

/// Serves this machine's CPU on a port of loopback that the system picks.
fn serve() -> RemoteHost {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = RemoteHost::websocket(&format!("ws://{}", listener.local_addr().unwrap()));
    thread::spawn(move || {
        RemoteServer::new([Device::flex()]).serve(WebSocketTransport::from_listener(listener))
    });
    host
}

fn train(device: &Device) -> Vec<Row> {
    let config = MlpConfig {
        inputs: 3,
        depth: 4,
        width: 8,
        activation: Activation::Tanh,
        ..Default::default()
    };
    let inputs: Vec<f32> = (0..48).map(|i| (i as f32 * 0.7).sin()).collect();
    let targets: Vec<f32> = (0..16).map(|i| (i % 2) as f32).collect();
    let tensor =
        |values: &[f32], columns| Tensor::<1>::from_floats(values, device).reshape([16, columns]);
    let examples = Examples::new(tensor(&inputs, 3), tensor(&targets, 1));
    let trainer = TrainerConfig { steps: 5, batch_size: 8, loss_every: 1, ..Default::default() };
    let mut rows = Vec::new();
    let forward = |mlp: &Mlp, x, taps: &mut _| mlp.forward(x, taps);
    Trainer::new(trainer, device)
        .unwrap()
        .fit(
            config.init(7, &device.clone().autodiff()),
            Splits { train: &examples, test: &examples },
            forward,
            &BinaryCrossEntropy,
            &mut GradientHook::new(QUANTITIES, Schedule::Every(1)),
            &mut rows,
        )
        .unwrap();
    rows
}

#[test]
fn a_remote_device_trains_and_measures_as_the_local_one() {
    let remote = Device::remote_options(&serve()).init().unwrap();
    let (here, there) = (train(&Device::flex()), train(&remote));
    assert_eq!(here.len(), there.len());
    for (here, there) in here.iter().zip(&there) {
        assert_eq!((&here.quantity, &here.subject), (&there.quantity, &there.subject));
        let scale = here.value.abs().max(there.value.abs()).max(1e-6);
        let apart = (here.value - there.value).abs() / scale;
        assert!(
            apart < 1e-3,
            "{} of {}: {} and {}",
            here.quantity,
            here.subject,
            here.value,
            there.value
        );
    }
}

#[test]
fn a_server_that_is_not_there_is_an_error_and_no_panic() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let host = RemoteHost::websocket(&format!("ws://{nobody}"));
    assert!(Device::remote_options(&host).init().is_err());
}

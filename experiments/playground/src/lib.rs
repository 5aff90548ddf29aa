#![doc = include_str!("../README.md")]

mod answer;
mod error;
mod factors;
mod gain;
mod gates;
mod look;
mod material;
mod session;
mod sessions;
mod setup;
mod theory;
mod words;

pub use answer::{Answer, Memory, Place};
pub use error::PlaygroundError;
pub use factors::{Factors, Product};
pub use gates::{Gate, Openness};
pub use look::look;
pub use session::{Frame, TrainingSetup};
pub use sessions::Sessions;
pub use setup::{LayerTask, Layers, Sequence, Setup};
pub use theory::Prediction;

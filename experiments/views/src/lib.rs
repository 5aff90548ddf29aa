#![doc = include_str!("../README.md")]

pub mod comparison;
pub mod drawing;
pub mod export;
pub mod page;
pub mod palette;
pub mod replay;
pub mod report;

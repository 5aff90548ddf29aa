//! What other trainings log.

use std::path::Path;

use backdraft_rows::{
    LogFormat, LogReader, QuantityName, Row, Sink, TagPattern, TensorBoardSink, Thresholds,
    diagnose,
};

use super::{Outcome, Target, refusal, text};

fn rows() -> Vec<Row> {
    let row = |step, layer: u64| {
        let subject = format!("hidden.{layer}.weight");
        Row::new(step, QuantityName::GRADIENT_NORM, subject, 0.1 * (layer + 1) as f64)
    };
    (0..4).flat_map(|step| (0..4).map(move |layer| row(step, layer))).collect()
}

fn events() -> Vec<u8> {
    let mut sink = TensorBoardSink::at(Vec::new(), 0.0).unwrap();
    sink.write(&rows()).unwrap();
    sink.into_inner()
}

fn originals(format: LogFormat) -> Vec<Vec<u8>> {
    let originals: &[&str] = match format {
        LogFormat::TensorBoard => return vec![events()],
        LogFormat::Csv => &[
            "epoch,step,train_loss,grad_2.0_norm/a.0.weight\n0,0,2.5,0.5\n0,10,nan,\n1,20,inf,1e-9\n",
            "step;tag;value\n0;loss;2,5\n1;gradients/a.0.weight;0,5\n",
            "run,step,quantity,subject,value\nr,0,loss,network,1\nr,1,gradient_norm,\"a,b\",2\n",
        ],
        LogFormat::JsonLines => &[
            "{\"trial\":[[\"a\",\"b\"]],\"seed\":1}\n{\"step\":0,\"quantity\":\"gradient_norm\",\
             \"subject\":\"hidden.0.weight[1e-4]\",\"value\":null}\n{\"end\":\"finished\"}\n",
            "{\"_step\":2,\"grad_norm\":{\"a.0.weight\":0.25,\"b\":\"NaN\"},\"x\":[1]}\n\
             {\"_step\":3,\"loss\":-Infinity}\n",
            "{\"step\":3,\"tag\":\"train/loss\",\"value\":1.5}\n",
        ],
        LogFormat::Json => &[
            "{\"log_history\":[{\"step\":1,\"loss\":2.5,\"grad_norm\":NaN},{\"step\":2,\"loss\":2}]}",
            "[{\"step\":0,\"gradients/a.0.weight\":0.5}]",
        ],
    };
    originals.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn read(format: LogFormat, bytes: &[u8]) -> Outcome {
    let log = LogReader::default().read_from(format, Path::new("log"), bytes).map_err(refusal)?;
    // What was read is judged without a panic, too.
    diagnose(&log.rows, &Thresholds::default());
    Ok(())
}

pub(super) fn logs(format: LogFormat) -> Target<'static> {
    let name = match format {
        LogFormat::TensorBoard => "event files",
        LogFormat::Csv => "logs as tables",
        LogFormat::JsonLines => "logs as JSON lines",
        LogFormat::Json => "logs as JSON",
    };
    let read = Box::new(move |bytes: &[u8]| read(format, bytes));
    Target { name, originals: originals(format), read }
}

/// Events whose checksums agree, so that the protocol buffers within are reached.
pub(super) fn forged_events() -> Target<'static> {
    let written = events();
    let length = |at: usize| u64::from_le_bytes(written[at..at + 8].try_into().unwrap()) as usize;
    let second = 12 + length(0) + 4;
    let event = written[second + 12..second + 12 + length(second)].to_vec();
    let tensor = [
        &[16, 3, 42, 25, 10, 23, 10, 4][..],
        b"loss",
        &[66, 8, 8, 1, 34, 4, 0, 0, 128, 63],
        &[74, 5, 10, 3, 10, 1, b'x'],
    ]
    .concat();
    Target {
        name: "forged events",
        originals: vec![event, tensor],
        read: Box::new(|event| {
            let length = (event.len() as u64).to_le_bytes();
            let parts = [&length[..], &masked(&length), event, &masked(event)];
            read(LogFormat::TensorBoard, &parts.concat())
        }),
    }
}

/// CRC-32C bit by bit, masked as TensorFlow does.
fn masked(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 & 0u32.wrapping_sub(crc & 1));
        }
    }
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

pub(super) fn patterns() -> Target<'static> {
    let patterns = ["norms/*/grad=gradient_norm", "lr=", "*=loss"];
    Target {
        name: "patterns of tags",
        originals: patterns.map(|pattern| pattern.as_bytes().to_vec()).to_vec(),
        read: Box::new(|bytes| {
            let pattern: TagPattern = text(bytes).parse().map_err(refusal)?;
            pattern.apply("norms/layers.0.weight/grad");
            Ok(())
        }),
    }
}

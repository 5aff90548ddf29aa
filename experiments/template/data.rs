//! Data: is the sum of the first half of some numbers larger than that of the second?
//!
//! `run training --set data=my-data` takes them.

use backdraft::datasets::Answer;
use backdraft::measure::{DataSource, Drawn, Split, Wanted};

/// Numbers of an example.
const NUMBERS: usize = 8;

/// The data.
pub(crate) struct MyData;

impl DataSource for MyData {
    fn name(&self) -> &'static str {
        "my-data"
    }

    fn answer(&self) -> Answer {
        Answer::Class(2)
    }

    fn example_shape(&self, _length: usize) -> Vec<usize> {
        vec![NUMBERS]
    }

    fn draw(&self, wanted: Wanted) -> anyhow::Result<Drawn> {
        // Different seeds for the two splits, so that they share no examples.
        let mut dice = Dice(2 * wanted.seed + u64::from(wanted.split == Split::Test));
        let mut drawn = Drawn::default();
        for _ in 0..wanted.examples {
            let numbers: Vec<f32> = (0..NUMBERS).map(|_| dice.roll()).collect();
            let (first, second) = numbers.split_at(NUMBERS / 2);
            let is_larger = first.iter().sum::<f32>() > second.iter().sum::<f32>();
            drawn.targets.push(f32::from(u8::from(is_larger)));
            drawn.inputs.extend(numbers);
        }
        Ok(drawn)
    }

    /// Two classes, equally likely.
    fn trivial_loss(&self, _length: usize) -> f64 {
        2f64.ln()
    }
}

/// Uniform numbers in ±1 from a seed (Steele, Lea & Flood 2014, SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

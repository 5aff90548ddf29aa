//! What training minimises, and what counts as a correct answer.

use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn::tensor::{Int, Tensor};

/// Scores a model's outputs `O` against targets `Y`.
pub trait Objective<O, Y> {
    /// Returns the mean loss of the batch, shape `[1]`.
    fn loss(&self, outputs: O, targets: Y) -> Tensor<1>;

    /// Returns the number of correct answers, shape `[1]`; `None` if correctness is undefined.
    fn correct(&self, outputs: O, targets: Y) -> Option<Tensor<1>>;
}

/// Binary cross-entropy of logits; an answer is correct if the logit is positive for target 1 and not
/// for target 0.
///
/// Takes the head's output *without* sigmoid. The loss equals the cross-entropy of a sigmoid head's
/// probabilities, without losing precision where the sigmoid saturates:
/// L = mean((1 − y) x − ln σ(x)).
///
/// # Shapes
///
/// - outputs, targets: `[batch, 1]`, targets 0 or 1
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossEntropy;

impl Objective<Tensor<2>, Tensor<2>> for BinaryCrossEntropy {
    fn loss(&self, logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        let negatives = targets.neg().add_scalar(1.0); // 1 − y
        (logits.clone() * negatives - log_sigmoid(logits)).mean()
    }

    fn correct(&self, logits: Tensor<2>, targets: Tensor<2>) -> Option<Tensor<1>> {
        let answers = logits.greater_elem(0.0);
        Some(answers.equal(targets.greater_elem(0.5)).float().sum())
    }
}

/// Cross-entropy of logits over classes; an answer is correct if the target's logit is the largest.
///
/// L = mean(−log softmax(x)\[y\]).
///
/// # Shapes
///
/// - outputs: `[batch, classes]`
/// - targets: `[batch]`, from 0 to classes − 1
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossEntropy;

impl Objective<Tensor<2>, Tensor<1, Int>> for CrossEntropy {
    fn loss(&self, logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        let of_target = log_softmax(logits, 1).gather(1, targets.unsqueeze_dim(1)); // [batch, 1]
        of_target.mean().neg()
    }

    fn correct(&self, logits: Tensor<2>, targets: Tensor<1, Int>) -> Option<Tensor<1>> {
        let answers = logits.argmax(1).squeeze_dim(1); // [batch]
        Some(answers.equal(targets).float().sum())
    }
}

/// Mean squared error over all elements.
///
/// # Shapes
///
/// - outputs, targets: the same, of rank 2
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanSquaredError;

impl Objective<Tensor<2>, Tensor<2>> for MeanSquaredError {
    fn loss(&self, outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        (outputs - targets).square().mean()
    }

    fn correct(&self, _outputs: Tensor<2>, _targets: Tensor<2>) -> Option<Tensor<1>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn column(values: [f32; 4]) -> Tensor<2> {
        Tensor::<1>::from_floats(values, &Device::flex()).reshape([4, 1])
    }

    #[test]
    fn cross_entropy_agrees_with_its_definition_and_survives_saturation() {
        let (logits, targets) = ([2.0f32, -1.0, 60.0, -60.0], [1.0f32, 1.0, 0.0, 0.0]);
        let loss = BinaryCrossEntropy.loss(column(logits), column(targets));
        let expected: f64 = logits
            .iter()
            .zip(targets)
            .map(|(x, y)| {
                let (x, y) = (f64::from(*x), f64::from(y));
                // ln(1 + e^−x) = −ln σ(x), in f64 where it does not overflow.
                y * (-x).exp().ln_1p() + (1.0 - y) * (x.max(0.0) + (-x.abs()).exp().ln_1p())
            })
            .sum::<f64>()
            / 4.0;
        let loss = f64::from(loss.into_scalar::<f32>());
        assert!((loss / expected - 1.0).abs() < 1e-6, "{loss} against {expected}");
    }

    #[test]
    fn cross_entropy_over_classes_is_log_sum_exp_less_the_targets_logit() {
        let device = Device::flex();
        let logits = [[1.0f32, 2.0, 0.5], [-80.0, 90.0, 0.0]];
        let targets = [2usize, 0];
        let outputs = Tensor::<2>::from_floats(logits, &device);
        let classes = Tensor::<1, Int>::from_ints([2, 0], &device);
        let expected = (0..2).map(|row| {
            let exponentials = logits[row].iter().map(|x| f64::from(*x).exp());
            exponentials.sum::<f64>().ln() - f64::from(logits[row][targets[row]])
        });
        let expected = expected.sum::<f64>() / 2.0;
        let loss =
            f64::from(CrossEntropy.loss(outputs.clone(), classes.clone()).into_scalar::<f32>());
        assert!((loss / expected - 1.0).abs() < 1e-6, "{loss} against {expected}");
        let right = Tensor::<1, Int>::from_ints([0, 1], &device);
        let correct = |t| CrossEntropy.correct(outputs.clone(), t).unwrap().into_scalar::<f32>();
        assert_eq!((correct(classes), correct(right)), (0.0, 1.0));
    }

    #[test]
    fn the_sign_of_the_logit_is_the_answer() {
        let correct = BinaryCrossEntropy
            .correct(column([2.0, -1.0, 3.0, -4.0]), column([1.0, 1.0, 0.0, 0.0]))
            .unwrap();
        assert_eq!(correct.into_scalar::<f32>(), 2.0);
    }
}

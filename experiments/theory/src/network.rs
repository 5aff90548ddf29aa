//! The gradient of a whole network, place by place.

use serde::Serialize;

use crate::formula::Formula;
use crate::layer_stack::LayerStack;
use crate::no_theory::NoTheory;
use crate::recurrence::Recurrence;

/// The prediction for a network at initialisation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkTheory {
    /// The formula, with its source and caveat.
    pub formula: Formula,
    /// Hidden layers, or time steps, first to last.
    pub places: Vec<Place>,
}

/// The prediction for one hidden layer or time step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Place {
    /// Counted from 1.
    pub place: usize,
    /// q, the variance of the pre-activations before any normalisation; `None` if the formula does not depend
    /// on it.
    pub variance: Option<f64>,
    /// χ: the factor of the squared gradient norm through this place.
    pub chi: f64,
    /// ln of ‖∂L/∂h‖ over that of the last place.
    pub log_gradient_norm: f64,
}

impl Place {
    /// Returns ‖∂L/∂h‖ over that of the last place.
    pub fn gradient_norm(&self) -> f64 {
        self.log_gradient_norm.exp()
    }
}

impl NetworkTheory {
    /// Predicts every layer of a fully connected network.
    ///
    /// # Errors
    ///
    /// [`NoTheory`] for a combination that has no formula.
    pub fn of_layers(stack: &LayerStack) -> Result<Self, NoTheory> {
        stack.theory()
    }

    /// Predicts every time step of a recurrent layer.
    ///
    /// # Errors
    ///
    /// [`NoTheory`] for a combination that has no formula.
    pub fn of_recurrence(recurrence: &Recurrence) -> Result<Self, NoTheory> {
        recurrence.theory()
    }

    /// Accumulates the factors of all places: q, if the formula depends on it, and χ, the first place's first.
    pub(crate) fn multiplied_up(
        formula: Formula,
        factors: impl IntoIterator<Item = (Option<f64>, f64)>,
    ) -> Self {
        let place = |(index, (variance, chi))| Place {
            place: index + 1,
            variance,
            chi,
            log_gradient_norm: 0.0,
        };
        let mut places: Vec<Place> = factors.into_iter().enumerate().map(place).collect();
        let mut log_gradient_norm = 0.0;
        for place in places.iter_mut().rev() {
            place.log_gradient_norm = log_gradient_norm;
            log_gradient_norm += 0.5 * place.chi.ln();
        }
        Self { formula, places }
    }

    /// Iterates over ln ‖∂L/∂h‖ of each place over that of the next, the first place first.
    pub fn log_factors(&self) -> impl Iterator<Item = f64> {
        self.places.iter().skip(1).map(|place| 0.5 * place.chi.ln())
    }
}

//! What a checkpoint holds in Burn's format, to be checked before Burn loads it.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bytes, DType, Shape, Tensor};
use burn_pack::Reader;

use super::{CheckpointError, unfit};

/// What a file in Burn's format holds, sorted: Burn writes hash maps in any order.
#[derive(PartialEq)]
pub(super) struct Contents {
    tensors: BTreeMap<String, Stored>,
    scalars: String,
    ranks: Vec<(u64, usize)>,
}

#[derive(PartialEq)]
struct Stored {
    parameter: Option<u64>,
    dtype: DType,
    shape: Shape,
    bytes: Vec<u8>,
}

pub(super) fn contents(bytes: Bytes) -> Result<Contents, CheckpointError> {
    let reader = Reader::from_bytes(bytes).map_err(unfit)?;
    let scalars = format!("{:?}", reader.scalars());
    let rank = |(name, value): (&String, &burn_pack::Scalar)| {
        let id = name.strip_suffix(".__rank")?.parse().ok()?;
        // A rank that is not a number fits no tensor.
        Some((id, usize::try_from(*value).unwrap_or(usize::MAX)))
    };
    let ranks = reader.scalars().iter().filter_map(rank).collect();
    let tensors = reader.into_tensors().map_err(unfit)?.into_iter().map(|tensor| {
        let (name, dtype, shape, parameter, bytes) = tensor.into_parts().map_err(unfit)?;
        Ok((name, Stored { parameter, dtype, shape, bytes: bytes.to_vec() }))
    });
    Ok(Contents { tensors: tensors.collect::<Result<_, _>>()?, scalars, ranks })
}

impl Contents {
    /// Checks that each tensor has the type of some parameter: Burn would convert it.
    pub(super) fn check_types(&self, parameters: &Parameters) -> Result<(), CheckpointError> {
        let mut tensors = self.tensors.iter();
        let other = tensors.find(|(_, tensor)| !parameters.types.contains(&tensor.dtype));
        other.map_or(Ok(()), |(name, _)| Err(unfit_tensor(name)))
    }

    /// Checks that each state belongs to a parameter and has its type and shape: otherwise Burn panics.
    pub(super) fn check(&self, parameters: &Parameters) -> Result<(), CheckpointError> {
        for (name, tensor) in &self.tensors {
            let owner = tensor.parameter.and_then(|id| parameters.by_id.get(&id));
            let is_like =
                |(dtype, shape): &(DType, Shape)| (*dtype, shape) == (tensor.dtype, &tensor.shape);
            owner.is_some_and(is_like).then_some(()).ok_or_else(|| unfit_tensor(name))?;
        }
        for (id, rank) in &self.ranks {
            let is_rank = |(_, shape): &(DType, Shape)| shape.num_dims() == *rank;
            let owner = parameters.by_id.get(id);
            owner.is_some_and(is_rank).then_some(()).ok_or_else(|| unfit_tensor(id))?;
        }
        if parameters.by_id.len() == parameters.count {
            Ok(())
        } else {
            Err(unfit("two parameters have one id"))
        }
    }
}

/// Types and shapes of a module's parameters.
#[derive(Default)]
pub(super) struct Parameters {
    by_id: BTreeMap<u64, (DType, Shape)>,
    types: Vec<DType>,
    count: usize,
}

impl Parameters {
    pub(super) fn of<M: Module>(module: &M) -> Self {
        let mut parameters = Self::default();
        module.visit(&mut parameters);
        parameters
    }
}

impl ModuleVisitor for Parameters {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let value = parameter.val();
        self.by_id.insert(parameter.id.val(), (value.dtype(), value.shape()));
        self.types.push(value.dtype());
        self.count += 1;
    }
}

fn unfit_tensor(name: impl std::fmt::Display) -> CheckpointError {
    unfit(format_args!("`{name}` differs from its parameter in type or shape"))
}

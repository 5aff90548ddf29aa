//! Wrappers of modules that add nothing to the paths of parameters.

/// Implements Burn's `Module` for a wrapper so that everything is the inner module's own. Weights that
/// are saved from the wrapper therefore load into the inner module alone, and the other way round.
macro_rules! transparent_module {
    ($wrapper:ident, $inner:ident, $beside:ident) => {
        impl<M: burn::module::Module> burn::module::Module for $wrapper<M> {
            fn collect_devices(
                &self,
                devices: Vec<burn::tensor::Device>,
            ) -> Vec<burn::tensor::Device> {
                self.$inner.collect_devices(devices)
            }

            fn fork(self, device: &burn::tensor::Device) -> Self {
                Self { $inner: self.$inner.fork(device), ..self }
            }

            fn to_device(self, device: &burn::tensor::Device) -> Self {
                Self { $inner: self.$inner.to_device(device), ..self }
            }

            fn train(self) -> Self {
                Self { $inner: self.$inner.train(), ..self }
            }

            fn valid(&self) -> Self {
                Self { $inner: self.$inner.valid(), $beside: self.$beside.clone() }
            }

            fn materialize(self) -> Self {
                Self { $inner: self.$inner.materialize(), ..self }
            }

            fn num_params(&self) -> usize {
                self.$inner.num_params()
            }

            fn visit<V: burn::module::ModuleVisitor>(&self, visitor: &mut V) {
                self.$inner.visit(visitor);
            }

            fn map<P: burn::module::ModuleMapper>(self, mapper: &mut P) -> Self {
                Self { $inner: self.$inner.map(mapper), ..self }
            }
        }

        impl<M: burn::module::ModuleDisplay> std::fmt::Display for $wrapper<M> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&burn::module::ModuleDisplay::format(self, Default::default()))
            }
        }

        impl<M: burn::module::ModuleDisplay> burn::module::ModuleDisplay for $wrapper<M> {}

        impl<M: burn::module::ModuleDisplay> burn::module::ModuleDisplayDefault for $wrapper<M> {
            fn content(&self, content: burn::module::Content) -> Option<burn::module::Content> {
                content.add(stringify!($inner), &self.$inner).optional()
            }
        }
    };
}

pub(crate) use transparent_module;

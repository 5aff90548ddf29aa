"""Keras' side of `cargo bench --bench training_step`, for the plain networks.

    python3 -m venv ~/keras && ~/keras/bin/pip install keras==3.15.1 tensorflow-cpu==2.21.0
    ~/keras/bin/python experiments/benches/keras_step.py [part of a name]

Same networks, batches, optimiser and precision; the step is one compiled graph, which is the fastest that
Keras has: `fit` and `train_on_batch` only add to it.
"""

import os
import statistics
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import tensorflow as tf

ROUNDS = 41


def timed(activation, depth, batch, norms):
    hidden = [keras.layers.Dense(64, activation, kernel_initializer="glorot_uniform") for _ in range(depth)]
    net = keras.Sequential([keras.Input((100,)), *hidden, keras.layers.Dense(1)])
    optimizer = keras.optimizers.Adam(1e-3, epsilon=1e-7)
    optimizer.build(net.trainable_variables)
    loss_of = keras.losses.BinaryCrossentropy(from_logits=True)
    inputs = tf.random.normal((batch, 100))
    targets = tf.cast(inputs[:, :1] > 0, tf.float32)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = loss_of(targets, net(inputs, training=True))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        return tf.stack([tf.norm(gradient) for gradient in gradients]) if norms else loss

    def run(count):
        start = time.perf_counter()
        for _ in range(count):
            step().numpy()
        return (time.perf_counter() - start) * 1e3 / count

    run(10)
    return run


WORKLOADS = [
    ("3x64 ReLU, batch 32", "relu", 3, 32, 100),
    ("3x64 sigmoid, batch 32", "sigmoid", 3, 32, 100),
    ("3x64 ReLU, batch 256", "relu", 3, 256, 50),
    ("50x64 ReLU, batch 128", "relu", 50, 128, 8),
]

print(f"Keras {keras.__version__}, TensorFlow {tf.__version__}")
print(f"{'ms per training step':<26} {'hooks off':>9} {'norms / off':>12}")
for name, activation, depth, batch, steps in WORKLOADS:
    if not all(part in name for part in sys.argv[1:]):
        continue
    runs = [timed(activation, depth, batch, norms) for norms in (False, True)]
    rounds = [[run(steps) for run in runs] for _ in range(ROUNDS)]
    off = statistics.median(r[0] for r in rounds)
    ratio = statistics.median(r[1] / r[0] for r in rounds)
    print(f"{name:<26} {off:>9.4f} {ratio:>12.3f}", flush=True)

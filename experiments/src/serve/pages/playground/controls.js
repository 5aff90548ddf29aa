/* Settings: between the form, the address, and what the server is asked. */
const controls = (() => {
  const form = document.querySelector(".settings");
  const fields = [...form.elements].filter((field) => field.name && field.type !== "radio"); // those of training have ids alone
  const byName = Object.fromEntries(fields.map((field) => [field.name, field]));
  const training = ["optimizer", "rate", "clip"].map((id) => document.getElementById(id));

  const toValue = (field) => {
    if (field.type === "checkbox") return field.checked;
    if (field.dataset.scale === "power") return 2 ** Number(field.value);
    if (field.dataset.scale === "decade") return Number((10 ** Number(field.value)).toPrecision(3));
    return field.type === "range" || field.type === "number" ? Number(field.value) : field.value;
  };

  /** Sets a field from text; what does not fit is left out. */
  const fromText = (field, text) => {
    if (field.type === "checkbox") field.checked = text === "true";
    else if (field.tagName === "SELECT") {
      if ([...field.options].some((option) => option.value === text)) field.value = text;
    } else {
      const value = Number(text);
      if (text === "" || !Number.isFinite(value)) return;
      if (field.dataset.scale === "power") field.value = Math.log2(value);
      else if (field.dataset.scale === "decade") field.value = Math.log10(value);
      else field.value = value;
    }
  };

  /** The way of the gradient that is looked at: c where nothing else was chosen. */
  const paths = [...document.querySelectorAll('#paths [name="path"]')];
  const path = () => paths.find((choice) => choice.checked).value;

  const defaults = Object.fromEntries(fields.map((field) => [field.name, String(toValue(field))]));
  const kind = () => form.elements.kind.value;
  const belongs = (field) => {
    const group = field.closest(".group");
    return !group?.dataset.kind || group.dataset.kind === kind();
  };

  /** What the address holds: everything that is not as the page opens. */
  const toHash = () => {
    const parts = new URLSearchParams();
    if (kind() !== "layers") parts.set("kind", kind());
    for (const field of fields.filter(belongs)) {
      const value = String(toValue(field));
      if (value !== defaults[field.name]) parts.set(field.name, value);
    }
    for (const field of training) {
      if (field.value !== field.dataset.opens) parts.set(field.id, field.value);
    }
    if (kind() === "sequence" && path() === "h") parts.set("path", "h");
    return parts.toString();
  };

  const apply = (settings) => {
    form.elements.kind.value = settings.kind === "sequence" ? "sequence" : "layers";
    for (const field of fields) fromText(field, String(settings[field.name] ?? defaults[field.name]));
    for (const field of training) {
      field.value = field.dataset.opens;
      if (settings[field.id] !== undefined) fromText(field, String(settings[field.id]));
    }
    paths.forEach((choice) => { choice.checked = choice.value === (settings.path === "h" ? "h" : "c"); });
    show();
  };

  const fromHash = () => apply(Object.fromEntries(new URLSearchParams(location.hash.slice(1))));

  /** What the server is asked. */
  const setup = () => {
    const value = (name) => toValue(byName[name]);
    const seed = Math.max(0, Math.round(value("seed")) || 0);
    if (kind() === "sequence") {
      const gain = value("recurrent_gain");
      const recurrent = { orthogonal: { orthogonal: gain }, identity: { identity: gain },
        mean_field: { mean_field: gain * gain }, zeros: "zeros" }[value("recurrent")];
      return { kind: "sequence", task: value("sequence_task"), seed, cell: value("cell"),
        length: value("length"), hidden: value("hidden"), forget_bias: value("forget_bias"),
        chrono: value("chrono"), recurrent_initializer: recurrent };
    }
    const initializer = value("initializer") === "orthogonal" ? { orthogonal: 1 } : value("initializer");
    const skip = value("skip") === "highway" ? { highway: -2 } : value("skip");
    return { kind: "layers", task: value("layer_task"), seed, depth: value("depth"), width: value("width"),
      activation: value("activation"), initializer, gain: value("gain"),
      normalization: value("normalization"), skip };
  };

  /** A short name of the settings, for a legend. */
  const describe = () => {
    const chosen = (name) => byName[name].selectedOptions[0].textContent.split(",")[0];
    const value = (name) => toValue(byName[name]);
    if (kind() === "sequence") {
      const gate = byName.forget_bias.disabled ? (value("chrono") ? "chrono" : null) : `b = ${value("forget_bias")}`;
      const recurrent = value("recurrent") === "orthogonal" ? null : chosen("recurrent");
      return [chosen("cell"), `${value("length")} steps`, gate, recurrent].filter(Boolean).join(", ");
    }
    const gain = value("gain") === 1 ? "" : ` × ${value("gain")}`;
    const normalization = value("normalization") === "none" ? null : `${chosen("normalization")} norm`;
    const skip = value("skip") === "none" ? null : chosen("skip");
    return [chosen("activation"), `${chosen("initializer")}${gain}`, normalization, skip, `depth ${value("depth")}`]
      .filter(Boolean).join(", ");
  };

  const trainer = () => {
    const [optimizer, rate, clip] = training.map((field) => field.value);
    return { optimizer, learning_rate: Number(rate), clip_norm: clip === "" ? null : Number(clip) };
  };

  /** Shows the values beside their sliders, and the settings of this kind alone. */
  const show = () => {
    for (const group of form.querySelectorAll("[data-kind]")) group.hidden = group.dataset.kind !== kind();
    for (const field of fields) {
      const output = field.closest("label").querySelector("output");
      if (output) output.textContent = String(toValue(field));
      if (output) field.setAttribute("aria-valuetext", String(toValue(field)));
    }
    const hasGate = ["lstm", "coupled_lstm"].includes(byName.cell.value);
    byName.forget_bias.disabled = !hasGate || byName.chrono.checked;
    byName.chrono.disabled = !hasGate && byName.cell.value !== "gru";
    byName.recurrent_gain.disabled = byName.recurrent.value === "zeros";
    byName.length.disabled = byName.sequence_task.value === "digit_rows";
  };

  training.forEach((field) => { field.dataset.opens = field.value; });
  form.addEventListener("submit", (event) => event.preventDefault());

  return { form, apply, fromHash, toHash, setup, trainer, describe, show, kind, path, paths };
})();

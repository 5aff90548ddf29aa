/* What happens when: settings change, training goes on. */
(() => {
  const { html, prose } = backdraft;
  const at = (id) => document.getElementById(id);
  const STEPS_A_FRAME = 10;
  const PAUSE = 60; // milliseconds between frames, so that the eye can follow

  let current = null; // the answer before training
  let frames = [];
  let session = null;
  let isPlaying = false;
  let isAsking = false;
  let isStale = false; // settings have changed since the last question
  let generation = 0; // of settings: what was asked before a change is not shown after it

  const ask = async (path, question) => {
    const response = await fetch(path, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(question),
    });
    if (!response.ok) throw Object.assign(new Error((await response.text()).trim()), { status: response.status });
    return response.json();
  };

  const tell = (text) => { at("training").textContent = text; };

  const refuse = (error) => {
    const text = error.status ? error.message : "The server does not answer: is `backdraft serve` still running?";
    at("summary").className = "refused";
    at("summary").replaceChildren(...prose(text));
  };

  /** Asks for an answer to the settings as they are now; while one is on its way, remembers to ask
   * again: the last settings always win. */
  const look = async () => {
    isStale = true;
    if (isAsking) return;
    isAsking = true;
    while (isStale) {
      isStale = false;
      const begun = performance.now();
      try {
        const answer = await ask("/api/playground", controls.setup());
        if (isStale) continue;
        current = answer;
        show.answer(current, current, null, null);
        tellStory();
        document.body.dataset.milliseconds = Math.round(performance.now() - begun);
      } catch (error) {
        if (!isStale) refuse(error);
      }
    }
    isAsking = false;
    document.body.dataset.state = "ready";
  };

  const buttons = () => {
    at("train").textContent = isPlaying ? "❚❚ Pause" : "▶ Train";
    at("train").setAttribute("aria-pressed", isPlaying);
    at("reset").disabled = frames.length === 0;
    at("frame").disabled = frames.length < 2;
  };

  const forget = () => {
    generation += 1;
    [isPlaying, session, frames] = [false, null, []];
    at("frame").max = 0;
    at("frame").value = 0;
    at("at").textContent = "step 0";
    tell("Not trained yet: press Train, and see how the gradient changes as the network learns.");
    show.courses(frames);
    buttons();
  };

  const showFrame = (index) => {
    const frame = frames[index];
    at("frame").max = frames.length - 1;
    at("frame").value = index;
    at("at").textContent = `step ${frame.answer.step}`;
    const isFirst = index === 0;
    show.answer(frame.answer, isFirst && current ? current : frame.answer, frame, isFirst ? null : frames[0].answer);
  };

  /** Trains on by one frame; tells whether there may be another. */
  const advance = async () => {
    const mine = generation;
    try {
      let frame;
      if (session === null) {
        const started = await ask("/api/training", { setup: controls.setup(), ...controls.trainer(), every: STEPS_A_FRAME });
        if (mine !== generation) return false;
        ({ session, frame } = started);
      } else {
        frame = await ask(`/api/training/${session}`, null);
        if (mine !== generation) return false;
      }
      if (frame.ended === null) frames.push(frame);
      showFrame(frames.length - 1);
      show.courses(frames);
      const accuracy = frame.test_accuracy === null ? "" : `, ${show.percent(frame.test_accuracy)} right`;
      tell(frame.ended ?? `Step ${frame.answer.step}: loss ${show.short(frame.answer.loss)}, on test examples ${show.short(frame.test_loss)}${accuracy}.`);
      return frame.ended === null;
    } catch (error) {
      if (mine !== generation) return false;
      if (error.status === 404) session = null;
      tell(error.status ? `${error.message}.` : "The server does not answer: is `backdraft serve` still running?");
      return false;
    }
  };

  const play = async () => {
    isPlaying = !isPlaying;
    buttons();
    const mine = generation;
    while (isPlaying && mine === generation) {
      const goesOn = await advance();
      if (mine !== generation) return;
      if (!goesOn) isPlaying = false;
      buttons();
      await new Promise((resume) => { setTimeout(resume, PAUSE); });
    }
  };

  let isStepping = false;
  const step = async () => {
    if (isPlaying || isStepping) return;
    isStepping = true;
    if (frames.length === 0) await advance();
    await advance();
    isStepping = false;
    buttons();
  };

  const chips = presets.map((preset) => html("button", { type: "button", class: "chip", onclick: () => {
    controls.apply(preset.settings);
    changed();
  } }, preset.name));
  const group = (title, isOf) => html("div", { role: "group", "aria-label": `Stories: ${title}` },
    html("span", { class: "soft" }, title), ...chips.filter((_, i) => isOf(presets[i])));
  at("presets").replaceChildren(
    group("Layers", ({ settings }) => settings.kind !== "sequence"),
    group("Sequences", ({ settings }) => settings.kind === "sequence"));

  /** Marks the story that the settings tell, if they tell one. */
  const tellStory = () => {
    const hash = controls.toHash();
    const told = presets.findIndex((preset) => preset.hash === hash);
    chips.forEach((chip, i) => chip.setAttribute("aria-pressed", i === told));
    // The numbers of a story are those on screen: it waits for its answer.
    if (told < 0) at("story").textContent = "Settings of your own.";
    else if (!isStale && current) at("story").textContent = show.fill(presets[told].story, current);
  };

  const toAddress = () => {
    const hash = controls.toHash();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
  };

  const changed = () => {
    controls.show();
    toAddress();
    tellStory();
    forget();
    look();
  };

  // What the address would hold for each story.
  for (const preset of presets) {
    controls.apply(preset.settings);
    preset.hash = controls.toHash();
  }

  controls.form.addEventListener("input", changed);
  controls.paths.forEach((choice) => choice.addEventListener("input", () => {
    toAddress();
    tellStory();
    redraw();
  }));
  at("train").addEventListener("click", play);
  at("step").addEventListener("click", step);
  at("reset").addEventListener("click", () => { forget(); look(); });
  const redraw = () => {
    at("unpin").hidden = kept === 0;
    if (frames.length) showFrame(Number(at("frame").value));
    else if (current) show.answer(current, current, null, null);
  };
  let kept = 0;
  at("pin").addEventListener("click", () => {
    const frame = frames[Number(at("frame").value)];
    const shown = frame?.answer ?? current;
    if (!shown) return;
    const trained = shown.step > 0 ? `, step ${shown.step}` : "";
    show.keep(`${controls.describe()}${trained}`, shown);
    kept += 1;
    redraw();
  });
  at("unpin").addEventListener("click", () => {
    show.drop();
    kept = 0;
    redraw();
  });
  at("frame").addEventListener("input", () => {
    isPlaying = false;
    buttons();
    showFrame(Number(at("frame").value));
  });
  addEventListener("hashchange", () => { controls.fromHash(); changed(); });
  new ResizeObserver(() => {
    const shown = frames.length ? frames[Number(at("frame").value)]?.answer : current;
    if (shown) show.river(shown);
  }).observe(at("river"));

  controls.fromHash();
  changed();
})();

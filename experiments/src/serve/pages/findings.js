/* The diagnosis in words: troubles of one kind together, the first of them with its evidence. */
const listFindings = (element, findings, healthy) => {
  const { html } = backdraft;
  const kinds = new Map();
  for (const finding of findings) kinds.set(finding.rule, [...(kinds.get(finding.rule) ?? []), finding]);
  const items = [...kinds.values()].map(([first, ...others]) => {
    const last = others[others.length - 1];
    const more = last ? ` (and ${others.length === 1 ? last.subject : `${others.length} more, up to ${last.subject}`})` : "";
    const shown = first.experiment
      ? html("span", { class: "soft" }, " Shown by ", html("code", {}, `backdraft run ${first.experiment}`), ".") : null;
    return html("li", {}, html("strong", {}, `${first.rule} in ${first.subject}`), `${more}: ${first.evidence}. `,
      html("span", { class: "soft" }, `${first.remedy}.`), shown);
  });
  element.replaceChildren(...(items.length ? items : [html("li", { class: "none" }, healthy)]));
};

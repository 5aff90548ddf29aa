//! A score as tables.

use std::fmt;

use crate::score::Score;

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary(f)?;
        writeln!(
            f,
            "\n| fault | sick | found | right layer | found before the loss shows it | median lead |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for (fault, counts) in &self.faults {
            let layer =
                if fault.has_layer() { counts.right_layer.to_string() } else { "–".to_owned() };
            let lead = counts.median_lead().map_or("–".to_owned(), |lead| lead.to_string());
            let (sick, found, first) = (counts.sick, counts.found, counts.found_first());
            writeln!(f, "| {fault:?} | {sick} | {found} | {layer} | {first} | {lead} |")?;
        }
        writeln!(f, "\n| rule | right | wrong | precision | recall |\n|---|---|---|---|---|")?;
        for (rule, counts) in &self.rules {
            let (precision, recall) = (counts.precision(), counts.recall());
            let (right, wrong) = (counts.right, counts.wrong);
            writeln!(f, "| {rule} | {right} | {wrong} | {precision:.3} | {recall:.3} |")?;
        }
        writeln!(
            f,
            "\n| SageMaker Debugger | of {} sick | of {} healthy |",
            self.sick, self.healthy
        )?;
        writeln!(f, "|---|---|---|")?;
        for (rule, [sick, healthy]) in &self.sagemaker.rules {
            writeln!(f, "| {rule} | {sick} | {healthy} |")?;
        }
        Ok(())
    }
}

impl Score {
    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: usize, whole: usize| {
            let share = 100.0 * part as f64 / whole.max(1) as f64;
            format!("{part} of {whole} ({share:.1} %)")
        };
        let Self { sick, healthy, unharmed, .. } = *self;
        writeln!(f, "sick {sick}, healthy {healthy}, faults that did no harm {unharmed}\n")?;
        writeln!(f, "| | Backdraft | SageMaker Debugger's thresholds |\n|---|---|---|")?;
        writeln!(f, "| sick, right rule fired | {} | – |", percent(self.found, sick))?;
        writeln!(
            f,
            "| sick, any rule fired | {} | {} |",
            percent(self.alarmed, sick),
            percent(self.sagemaker.alarmed, sick)
        )?;
        writeln!(
            f,
            "| healthy, any rule fired | {} | {} |",
            percent(self.false_alarms, healthy),
            percent(self.sagemaker.false_alarms, healthy)
        )?;
        writeln!(
            f,
            "| healthy, any rule fired at some look | {} | – |",
            percent(self.passing_false_alarms, healthy)
        )?;
        writeln!(f, "| right layer | {} | – |", percent(self.right_layer, self.local))
    }
}

use super::*;
use crate::chain::Axis;

/// Every form that records hold, and what only looks like one.
const TEXTS: &[&str] = &[
    "network",
    "network.0",
    "head.weight",
    "hidden.3",
    "hidden.3.linear.weight",
    "layers.0@12",
    "layers.0.cell@0",
    "hidden.0.weight[1e-4]",
    "layers.0@7[1e38]",
    "rate 0.003",
    "",
    "@",
    "h@",
    "h@012",
    "h@-1",
    "h@x",
    "]",
    "w[1e]",
    "w[1e+4]",
    "w[1e9999999999]",
    "w[2e3]",
    "é@3[1e-1]",
    "a\"b\\c\n",
];

#[test]
fn every_subject_reads_back_as_it_is_written() {
    for text in TEXTS {
        let subject = Subject::from(*text);
        assert_eq!(subject.to_string(), *text);
        let json = serde_json::to_string(text).unwrap();
        assert_eq!(serde_json::to_string(&subject).unwrap(), json);
        assert_eq!(serde_json::from_str::<Subject>(&json).unwrap(), subject);
        assert_eq!(text.parse(), Ok(subject));
    }
}

#[test]
fn a_subject_knows_its_path_its_time_step_and_its_bin() {
    let parts = |text: &str| {
        let subject = Subject::from(text);
        (subject.path().to_owned(), subject.time_step(), subject.decade())
    };
    let of = |path: &str, step, decade| (path.to_owned(), step, decade);
    assert_eq!(parts("network"), of("network", None, None));
    assert_eq!(parts("hidden.3"), of("hidden.3", None, None));
    assert_eq!(parts("layers.0@12"), of("layers.0", Some(12), None));
    assert_eq!(parts("head.weight[1e-4]"), of("head.weight", None, Some(-4)));
    assert_eq!(parts("h@7[1e38]"), of("h", Some(7), Some(38)));
    for odd in ["h@x", "w[1e]", "w[2e3]"] {
        assert_eq!(parts(odd), of(odd, None, None));
    }
}

#[test]
fn what_is_built_from_parts_equals_what_is_read() {
    assert_eq!(Subject::at_step("layers.0", 12), Subject::from("layers.0@12"));
    assert_eq!(Subject::from("w").bin(-4), Subject::from("w[1e-4]"));
    assert_eq!(Subject::NETWORK, Subject::from("network"));
    assert_ne!(Subject::NETWORK, Subject::from("network.0"));
    assert_eq!(Subject::from("head.bias"), "head.bias");
}

#[test]
fn subjects_that_differ_in_a_number_are_a_chain_and_others_are_in_none() {
    let chain = |text: &str| Subject::from(text).chain().map(|chain| (chain.axis, chain.name));
    let of = |axis, name: &str| Some((axis, name.to_owned()));
    assert_eq!(chain("hidden.3.linear.weight"), of(Axis::Depth, "hidden.*.linear.weight"));
    assert_eq!(chain("layers.0@12"), of(Axis::Time, "layers.0"));
    for text in ["head.weight", "network", "hidden.0.weight[1e-4]", "rate 0.003"] {
        assert_eq!(chain(text), None, "{text}");
    }
}

#[test]
fn a_memory_lies_within_its_layer_but_a_tenth_layer_not_within_the_first() {
    let is_within = |a: &str, b: &str| Subject::from(a).is_within(&Subject::from(b));
    assert!(is_within("layers.0.cell@3", "layers.0@5"));
    assert!(!is_within("layers.1@3", "layers.0@5"));
    assert!(!is_within("layers.10", "layers.1"));
    assert!(!is_within("layers.1", "layers.1"));
}

#[test]
fn subjects_are_ordered_as_their_texts() {
    let mut subjects: Vec<Subject> = TEXTS.iter().map(|text| Subject::from(*text)).collect();
    let mut texts = TEXTS.to_vec();
    subjects.sort();
    texts.sort_unstable();
    assert_eq!(subjects, texts);
}

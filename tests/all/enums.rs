//! Open enums: known values, and values of other releases.
#![cfg(operation = "flows_bindings_list")]

use std::collections::{BTreeSet, HashSet};

use authentik_flow_bindings::{DeniedAction, FlowDesignation, FlowLayout, InvalidResponseAction, PolicyEngineMode};

#[test]
fn values_are_in_the_order_of_the_specification() {
    let slice: serde_yaml::Value = serde_yaml::from_str(&std::fs::read_to_string("openapi/flows_bindings_list.yaml").unwrap()).unwrap();
    let listed = |component: &str| {
        let values = slice["components"]["schemas"][component]["enum"].as_sequence().unwrap();
        values.iter().map(|value| value.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(FlowLayout::values().iter().map(FlowLayout::as_str).collect::<Vec<_>>(), listed("FlowLayoutEnum"));
    assert_eq!(DeniedAction::values().iter().map(DeniedAction::as_str).collect::<Vec<_>>(), listed("DeniedActionEnum"));
    assert_eq!(FlowDesignation::values().iter().map(FlowDesignation::as_str).collect::<Vec<_>>(), listed("FlowDesignationEnum"));
    assert!(FlowLayout::values().is_sorted());
}

#[test]
fn every_conversion_keeps_the_text() {
    for text in ["retry", "restart", "restart_with_context", "explode", "", "Retry", "ﬂow"] {
        let value = InvalidResponseAction::from(text);
        assert_eq!(value.as_str(), text);
        assert_eq!(value.to_string(), text);
        assert_eq!(AsRef::<str>::as_ref(&value), text);
        assert_eq!(value, text);
        assert_eq!(String::from(value.clone()), text);
        assert_eq!(text.parse(), Ok(value.clone()));
        assert_eq!(InvalidResponseAction::from(text.to_owned()), value);
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, serde_json::to_string(text).unwrap());
        assert_eq!(serde_json::from_str::<InvalidResponseAction>(&json).unwrap(), value);
        assert_eq!(value.is_known(), InvalidResponseAction::values().contains(&value));
        assert_eq!(InvalidResponseAction::try_parse(text).is_ok(), value.is_known());
    }
    assert_eq!(serde_json::from_str::<PolicyEngineMode>(r#""\u0061ny""#).unwrap(), PolicyEngineMode::Any);
}

#[test]
fn a_value_that_is_not_a_string_is_an_error() {
    for json in ["1", "null", "true", "[]", "{}"] {
        let error = serde_json::from_str::<PolicyEngineMode>(json).unwrap_err();
        assert!(error.to_string().contains("expected a string"), "{error}");
    }
}

#[test]
fn a_strict_parse_lists_the_known_values() {
    let error = PolicyEngineMode::try_parse("some").unwrap_err();
    assert_eq!(error.to_string(), "`some` is not a known PolicyEngineMode; known values are all, any");
}

#[test]
fn unknown_values_are_compared_by_their_text() {
    let (a, b) = (FlowLayout::from("a"), FlowLayout::from("b"));
    assert_eq!(
        BTreeSet::from([b.clone(), a.clone(), FlowLayout::SidebarRight]).into_iter().collect::<Vec<_>>(),
        [FlowLayout::SidebarRight, a.clone(), b]
    );
    assert!(HashSet::from([a.clone()]).contains(&FlowLayout::from("a")));
    assert_eq!(format!("{a:?}"), r#"Unknown("a")"#);
    let FlowLayout::Unknown(text) = &a else { panic!("{a:?}") };
    assert_eq!((text.to_string().as_str(), text.as_ref()), ("a", "a"));
}

#[test]
fn labels_are_readable() {
    assert_eq!(FlowDesignation::StageConfiguration.label(), "Stage configuration");
    assert_eq!(InvalidResponseAction::RestartWithContext.label(), "Restart, keep context");
    assert_eq!(FlowLayout::from("sidebar_up").label(), "sidebar_up");
    assert_eq!(format!("{:>8}|", PolicyEngineMode::All), "     all|");
}

//! The form of a letter and its token: what is taken is short and plain, and no token is good but one of ours.
#![no_main]

use std::sync::LazyLock;

use hedgerow_engine::doors::Pseudonym;
use hedgerow_engine::identify::Keys;
use hedgerow_fuzz::NOW_MS;
use hedgerow_gateway::form;
use hedgerow_gateway::intake::{Token, read};
use hedgerow_gateway::pages::{FIELD_TOKEN, Letter, PageContext, letter_form};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::from_secret(&[7; 32]));

fuzz_target!(|data: &[u8]| {
    let fields = form::fields(data);
    let address = Pseudonym([1; 12]);
    let page = PageContext::new("Riverbend", "privacy@riverbend.example", None);
    for letter in [Letter::Appeal, Letter::Report] {
        let sealed = form::value(&fields, FIELD_TOKEN).unwrap_or("");
        assert!(Token::open(sealed, &KEYS, letter, address, NOW_MS).is_err(), "nobody guesses a code of 128 bits");
        let values = match read(letter, &fields) {
            Ok(written) => {
                let total: usize = written.values().iter().map(|(_, v)| v.len()).sum();
                assert!(total <= 16 * 1024);
                assert!(written.values().iter().all(|(_, v)| v.chars().all(|c| c == '\n' || !c.is_control())));
                let token = Token::new([9; 16], NOW_MS);
                assert_eq!(token.id_of(&written).len(), 32);
                // What was taken once is taken again as it is: the form that comes back loses nothing.
                let again: Vec<_> = written.values().to_vec();
                assert_eq!(read(letter, &again).expect("it was taken before"), written);
                again
            }
            Err((values, sentence)) => {
                assert!(!sentence.is_empty());
                values
            }
        };
        let html = letter_form(&page, letter, "token", &values, None);
        assert_eq!(html.matches("<form").count(), 1);
        assert_eq!(html.matches("<script").count(), 0);
    }
});

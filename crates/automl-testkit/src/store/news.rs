//! What a store promises to somebody who knows most of its trials.

use automl_core::{TrialRecord, TrialState, TrialStore};

use super::{bare_outcome, begin, full_outcome};

/// Each once, in order of number, whatever the order of the question.
pub fn news_are_what_was_asked_for(store: &mut dyn TrialStore) {
    for slot in 0..8 {
        let number = begin(store, slot);
        match slot {
            3 => drop(store.finish(number, &bare_outcome(TrialState::Lost, None)).unwrap()),
            0 | 5 => {}
            _ => drop(store.finish(number, &full_outcome(0.5)).unwrap()),
        }
    }
    let all = store.trials().unwrap();
    assert_eq!(all.len(), 9);
    let cases: [(&[u32], u32, &[u32]); 8] = [
        (&[], 0, &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (&[], 9, &[]),
        (&[], u32::MAX, &[]),
        (&[5, 0], 9, &[0, 5]),
        (&[5, 0, 5], 7, &[0, 5, 7, 8]),
        (&[8, 6, 3], 6, &[3, 6, 7, 8]),
        (&[4, 3, 2], 5, &[2, 3, 4, 5, 6, 7, 8]),
        (&[17, 1], 9, &[1]),
    ];
    for (open, from, wanted) in cases {
        let wanted: Vec<TrialRecord> = wanted.iter().map(|number| all[*number as usize].clone()).collect();
        assert_eq!(store.news(open, from).unwrap(), wanted, "open {open:?} from {from}");
    }
}

/// Then that it is over.
pub fn news_of_a_running_trial_show_how_far_it_is(store: &mut dyn TrialStore) {
    assert_eq!(store.news(&[], 0).unwrap(), []);
    let number = begin(store, 0);
    begin(store, 1);
    store.record_step(number, 1, 0.75).unwrap();
    store.record_step(number, 2, 0.5).unwrap();
    let news = store.news(&[number], 2).unwrap();
    assert_eq!(news.len(), 1);
    assert_eq!((news[0].state, news[0].steps.as_slice()), (TrialState::Running, &[(1, 0.75), (2, 0.5)][..]));
    let finished = store.finish(number, &full_outcome(0.25)).unwrap();
    assert_eq!(store.news(&[number], 2).unwrap(), [finished]);
}

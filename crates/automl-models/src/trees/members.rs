//! The members of a fit over threads.
//!
//! Members are spread over the threads first; threads that are left work inside of members. Epochs are told on the
//! caller's thread, and a member waits for the answer, so that results do not depend on time.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use automl_core::{Epoch, FitContext, FitError, Member};

/// What a member calls after an epoch.
pub(crate) type OnEpoch<'a> = dyn FnMut(Epoch) -> ControlFlow<()> + 'a;

/// Fits one member on `ctx.threads` threads.
pub(crate) type FitOne<M> = fn(&Member<'_>, &FitContext<'_>, &mut OnEpoch<'_>) -> Result<M, FitError>;

enum Message<M> {
    Epoch(usize, Epoch, Sender<ControlFlow<()>>),
    Done(usize, Result<M, FitError>),
}

/// Fits all members; results are in their order.
pub(crate) fn fit<M: Send>(
    members: &[Member<'_>],
    ctx: &FitContext<'_>,
    on_epoch: &mut dyn FnMut(usize, Epoch) -> ControlFlow<()>,
    fit_one: FitOne<M>,
) -> Vec<Result<M, FitError>> {
    let workers = ctx.threads.min(members.len()).max(1);
    let alone = FitContext { threads: (ctx.threads / workers).max(1), ..*ctx };
    if ctx.threads <= 1 {
        let one = |(index, member)| fit_one(member, &alone, &mut |epoch| on_epoch(index, epoch));
        return members.iter().enumerate().map(one).collect();
    }
    let next = AtomicUsize::new(0);
    let (send, receive) = channel();
    let mut results: Vec<Option<Result<M, FitError>>> = members.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..workers {
            let (send, next, alone) = (send.clone(), &next, &alone);
            scope.spawn(move || {
                with_threads(alone, |ctx| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(member) = members.get(index) else { return };
                        let result = fit_one(member, ctx, &mut |epoch| ask(&send, index, epoch));
                        if send.send(Message::Done(index, result)).is_err() {
                            return;
                        }
                    }
                });
            });
        }
        drop(send);
        for message in receive {
            match message {
                // A member that no longer waits has ended by itself.
                Message::Epoch(index, epoch, answer) => drop(answer.send(on_epoch(index, epoch))),
                Message::Done(index, result) => results[index] = Some(result),
            }
        }
    });
    let lost = || FitError::Numerical { reason: "a thread of the fit ended before its member".to_owned() };
    results.into_iter().map(|result| result.unwrap_or_else(|| Err(lost()))).collect()
}

/// Tells an epoch to the caller's thread and waits for its answer.
fn ask<M>(send: &Sender<Message<M>>, index: usize, epoch: Epoch) -> ControlFlow<()> {
    let (answer, wait) = channel();
    let is_sent = send.send(Message::Epoch(index, epoch, answer)).is_ok();
    let answered = is_sent.then(|| wait.recv().ok()).flatten();
    answered.unwrap_or(ControlFlow::Break(()))
}

/// Works in a pool of `ctx.threads` threads; on one if the system gives no more.
fn with_threads(ctx: &FitContext<'_>, work: impl FnOnce(&FitContext<'_>) + Send) {
    if ctx.threads > 1
        && let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(ctx.threads).build()
    {
        return pool.install(|| work(ctx));
    }
    work(&FitContext { threads: 1, ..*ctx });
}

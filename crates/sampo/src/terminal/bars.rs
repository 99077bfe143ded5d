//! A bar for each delivery under way, and below them a line for all of them together.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use sampo_core::distribute::report::human_bytes;
use sampo_core::event::{DeliveryLabel, Event};

/// Below this width of a terminal, the name of what is delivered matters more than rate and time.
const NARROW: u16 = 60;
/// How often the total is drawn anew, so that a standstill is seen.
const TICK: Duration = Duration::from_millis(500);

const WIDE_STYLE: &str = "  {wide_msg} {bar:20} {percent:>3}% {decimal_bytes_per_sec:>12} {eta:>4}";
const NARROW_STYLE: &str = "  {wide_msg} {percent:>3}%";

/// The bars of one run. They hold no colour: the terminal's own is good for everybody.
pub struct Bars {
    screen: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: HashMap<String, Running>,
    /// There as long as something is running.
    total: Option<ProgressBar>,
    /// What is to be delivered as far as it is known, and what of it has come to an end.
    planned: Count,
    ended: Count,
}

struct Running {
    bar: ProgressBar,
    bytes: u64,
}

#[derive(Default, Clone, Copy)]
struct Count {
    items: u64,
    bytes: u64,
}

impl Bars {
    /// No bars yet; they will stand on `screen`.
    pub fn new(screen: MultiProgress) -> Self {
        Self { screen, state: Mutex::default() }
    }

    /// Draws what `event` changes.
    pub fn follow(&self, event: &Event<'_>) {
        match *event {
            Event::DeliveriesPlanned { items, bytes } => self.state().planned.add(items, bytes),
            Event::DeliveryStarted { delivery, bytes } | Event::ReadStarted { delivery, bytes } => {
                self.start(delivery, bytes);
            }
            Event::DeliveryProgress { delivery, sent, .. } => self.advance(delivery, sent),
            Event::DeliveryFinished { delivery, .. } | Event::ReadFinished { delivery } => self.end(delivery),
            _ => {}
        }
    }

    fn start(&self, delivery: DeliveryLabel<'_>, bytes: u64) {
        let mut state = self.state();
        if let Some(running) = state.running.get(&key(delivery)) {
            running.bar.set_position(0);
            return;
        }
        if state.total.is_none() {
            let total = self.screen.add(new_bar(0));
            total.enable_steady_tick(TICK);
            state.total = Some(total);
        }
        let bar = self.screen.insert_from_back(1, new_bar(bytes).with_message(delivery.item.to_owned()));
        bar.tick();
        state.running.insert(key(delivery), Running { bar, bytes });
        state.show_total();
    }

    fn advance(&self, delivery: DeliveryLabel<'_>, sent: u64) {
        let state = self.state();
        if let Some(running) = state.running.get(&key(delivery)) {
            // The terminal may have another width by now.
            running.bar.set_style(style());
            running.bar.set_position(sent.min(running.bytes));
            state.show_total();
        }
    }

    fn end(&self, delivery: DeliveryLabel<'_>) {
        let mut state = self.state();
        let Some(running) = state.running.remove(&key(delivery)) else { return };
        running.bar.finish_and_clear();
        self.screen.remove(&running.bar);
        state.ended.add(1, running.bytes);
        state.show_total();
        if state.running.is_empty()
            && let Some(total) = state.total.take()
        {
            total.finish_and_clear();
            self.screen.remove(&total);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn show_total(&self) {
        let Some(total) = &self.total else { return };
        let sent: u64 = self.running.values().map(|running| running.bar.position()).sum();
        let known = |planned: u64, ended: u64, running: u64| planned.max(ended + running);
        let items = known(self.planned.items, self.ended.items, self.running.len() as u64);
        let running = self.running.values().map(|running| running.bytes).sum();
        let (sent, bytes) = (self.ended.bytes + sent, known(self.planned.bytes, self.ended.bytes, running));
        let (done, shown, all) = (self.ended.items, human_bytes(sent), human_bytes(bytes));
        total.set_style(style());
        total.set_length(bytes);
        total.set_position(sent);
        // Last, since it is what draws the line.
        total.set_message(format!("{done} of {items} done, {shown} of {all}"));
    }
}

impl Count {
    fn add(&mut self, items: u64, bytes: u64) {
        self.items += items;
        self.bytes += bytes;
    }
}

fn key(delivery: DeliveryLabel<'_>) -> String {
    super::named(delivery)
}

/// A bar that is drawn once it stands among the others.
fn new_bar(bytes: u64) -> ProgressBar {
    ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden()).with_style(style())
}

fn style() -> ProgressStyle {
    let width = terminal_size::terminal_size_of(std::io::stderr()).map_or(u16::MAX, |(width, _)| width.0);
    let template = if width < NARROW { NARROW_STYLE } else { WIDE_STYLE };
    ProgressStyle::with_template(template).expect("a template of our own").progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;
    use sampo_core::event::Status;

    use super::*;

    fn label(item: &str) -> DeliveryLabel<'_> {
        DeliveryLabel { backend: "github", package: "cargo/my-cli", version: "1.2.0", item }
    }

    fn bars() -> (Bars, InMemoryTerm) {
        let terminal = InMemoryTerm::new(20, 100);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        (Bars::new(MultiProgress::with_draw_target(target)), terminal)
    }

    fn ended(item: &str) -> Event<'_> {
        Event::DeliveryFinished { delivery: label(item), status: Status::Delivered, reason: None }
    }

    #[test]
    fn each_delivery_has_a_bar_above_the_total_until_it_ends() {
        let (bars, terminal) = bars();
        bars.follow(&Event::DeliveriesPlanned { items: 3, bytes: 4 << 20 });
        for item in ["a.tar.gz", "b.zip"] {
            bars.follow(&Event::DeliveryStarted { delivery: label(item), bytes: 1 << 20 });
        }
        bars.follow(&Event::DeliveryProgress { delivery: label("a.tar.gz"), sent: 512 << 10, total: 1 << 20 });
        let lines: Vec<String> = terminal.contents().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert!(lines[0].contains("a.tar.gz") && lines[0].contains(" 50% "), "{lines:#?}");
        let total = format!("0 of 3 done, {} of {}", human_bytes(512 << 10), human_bytes(4 << 20));
        assert!(lines[2].contains(&total), "{lines:#?}");
        bars.follow(&ended("a.tar.gz"));
        let left = terminal.contents();
        assert!(!left.contains("a.tar.gz") && left.contains("1 of 3 done"), "{left}");
        bars.follow(&ended("b.zip"));
        assert_eq!(terminal.contents(), "");
    }

    #[test]
    fn a_failed_attempt_takes_its_bytes_back() {
        let (bars, terminal) = bars();
        bars.follow(&Event::DeliveryStarted { delivery: label("a"), bytes: 1000 });
        bars.follow(&Event::DeliveryProgress { delivery: label("a"), sent: 900, total: 1000 });
        bars.follow(&Event::DeliveryStarted { delivery: label("a"), bytes: 1000 });
        bars.follow(&Event::DeliveryProgress { delivery: label("a"), sent: 10, total: 1000 });
        assert_eq!(terminal.contents().matches(" 1% ").count(), 2, "{}", terminal.contents());
    }

    #[test]
    fn what_never_began_has_no_bar() {
        let (bars, terminal) = bars();
        bars.follow(&ended("SHA256SUMS"));
        assert_eq!(terminal.contents(), "");
    }
}

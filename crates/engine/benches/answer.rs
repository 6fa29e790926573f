//! What reading and masking one answer costs: a profile of 4 KiB with eight fields, a list of 50 people in 32 KiB,
//! and the same list as JSON. `cargo bench -p hedgerow-engine --bench answer`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hedgerow_engine::answer::{Decide, Media, Plan, Reader};
use hedgerow_engine::policy::FieldSet;

mod answer_pages;
#[path = "../tests/answer_site/mod.rs"]
mod answer_site;
use answer_pages::{api, list, profile};

struct Fixed(FieldSet);

impl Decide for Fixed {
    fn decide(&mut self, _: &str, fields: FieldSet) -> FieldSet {
        fields.minus(self.0)
    }
    fn reveal_link(&mut self, person: &str, _: FieldSet) -> Option<String> {
        Some(format!("/.hedgerow/reveal?p={person}"))
    }
}

fn answer(c: &mut Criterion) {
    let html = || Media::Html { charset: Some("utf-8".to_owned()) };
    let cases =
        [("profile", profile(), true, html()), ("list", list(), false, html()), ("json", api(), false, Media::Json)];
    let mut group = c.benchmark_group("answer");
    for (name, (site, body), known, media) in cases {
        let plan = Plan::compile(&site, 0).expect("the plan of a benchmark");
        group.throughput(Throughput::Bytes(body.len() as u64));
        for (what, masked) in [("visible", FieldSet::NONE), ("masked", FieldSet::of(1))] {
            group.bench_function(format!("{name}/{what}"), |b| {
                let mut out = Vec::with_capacity(body.len() * 2);
                b.iter(|| {
                    out.clear();
                    let person = known.then(|| "42".to_owned());
                    let mut reader =
                        Reader::new(&plan, &site, media.clone(), person, Box::new(Fixed(masked))).expect("a reader");
                    reader.write(black_box(body.as_bytes()), &mut out).expect("a readable body");
                    reader.end(&mut out).expect("a readable body");
                    black_box(&out);
                });
            });
        }
        group.bench_function(format!("{name}/reader alone"), |b| {
            b.iter(|| {
                let person = known.then(|| "42".to_owned());
                black_box(
                    Reader::new(&plan, &site, media.clone(), person, Box::new(Fixed(FieldSet::NONE)))
                        .expect("a reader"),
                );
            });
        });
    }
    group.finish();
}

criterion_group!(benches, answer);
criterion_main!(benches);

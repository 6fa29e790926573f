//! The edge alone, without supervisor and Python, for profilers:
//!
//!     cargo build --release -p hedgerow-gateway --example edge
//!     valgrind --tool=callgrind target/release/examples/edge SETTINGS.json
//!
//! The settings are those that `hedgerow protect` writes for its edge; SIGTERM ends it.

// The allocator of the real thing (crates/python).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("say which file holds the edge's settings")?;
    hedgerow_gateway::telling::begin();
    hedgerow_gateway::run(&std::fs::read_to_string(file)?).map_err(Into::into)
}

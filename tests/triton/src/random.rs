//! Random programs that use every instruction and live long: operands are put where an instruction
//! takes them, loops count down, branches and functions leave the stack as high as they found it.
//! A few are then spoilt, so that they crash in every way.
use crate::nc::Reads;
use rand::prelude::*;

/// Elements at `floor` and deeper belong to others: they are copied, but neither moved nor changed.
struct Writer<'a> {
    rng: &'a mut StdRng,
    text: String,
    functions: Vec<String>,
    height: usize,
    floor: usize,
    nesting: usize,
    labels: usize,
    sponge: bool,
    /// cycles that the program may still take, times those of the loops around
    times: usize,
    budget: usize,
}

fn element(rng: &mut StdRng) -> u64 {
    const P: u64 = 0xffff_ffff_0000_0001;
    match rng.random_range(0..8) {
        0 => rng.random_range(0..4),
        1 => P - 1 - rng.random_range(0..4),
        2 => rng.random_range(0xffff_fffe..0x1_0000_0002),
        3 => rng.random_range(0..P),
        4 => u64::from(rng.random::<u32>()),
        5 => 1 << rng.random_range(0..64),
        _ => rng.random_range(0..64),
    }
    .min(P - 1)
}

fn word(rng: &mut StdRng) -> u64 {
    match rng.random_range(0..5) {
        0 => rng.random_range(0..4),
        1 => u64::from(rng.random::<u32>()),
        2 => 1 << rng.random_range(0..32),
        3 => 0xffff_ffff - rng.random_range(0..2),
        _ => rng.random_range(0..200),
    }
}

impl Writer<'_> {
    fn put(&mut self, text: String, change: isize) {
        self.text += &format!("    {text}\n");
        self.height = self.height.strict_add_signed(change);
        self.budget = self.budget.saturating_sub(self.times);
    }

    fn own(&self) -> usize {
        self.height - self.floor
    }

    /// At least n elements of its own.
    fn need(&mut self, n: usize) {
        while self.own() < n {
            match self.rng.random_range(0..6) {
                0 => {
                    let k: usize = self.rng.random_range(1..=5);
                    self.put(format!("divine {k}"), k as isize);
                }
                1 => {
                    let k = self.rng.random_range(0..16);
                    self.put(format!("dup {k}"), 1);
                }
                _ => {
                    let value = element(self.rng);
                    self.put(format!("push {value}"), 1);
                }
            }
        }
    }

    fn words(&mut self, n: usize) {
        for _ in 0..n {
            let value = word(self.rng);
            self.put(format!("push {value}"), 1);
        }
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("f{}", self.labels)
    }

    /// What a function does: the text between its label and its end, as high at its end.
    fn body(&mut self, floor: usize, times: usize, steps: usize) -> String {
        let kept = (
            std::mem::take(&mut self.text),
            self.floor,
            self.height,
            self.times,
        );
        self.floor = floor;
        self.times *= times;
        self.nesting += 1;
        for _ in 0..steps {
            self.step();
        }
        while self.height > kept.2 {
            let n = (self.height - kept.2).min(self.rng.random_range(1..=5));
            self.put(format!("pop {n}"), -(n as isize));
        }
        while self.height < kept.2 {
            let value = element(self.rng);
            self.put(format!("push {value}"), 1);
        }
        self.nesting -= 1;
        self.floor = kept.1;
        self.times = kept.3;
        std::mem::replace(&mut self.text, kept.0)
    }

    /// A function that may change what is its caller's own.
    fn function(&mut self) -> String {
        let name = self.label();
        let steps = self.rng.random_range(1..8);
        let sponge = self.sponge;
        let body = self.body(self.floor, 1, steps);
        self.sponge &= sponge;
        let end = if self.rng.random_range(0..12) == 0 {
            "    halt\n"
        } else {
            "    return\n"
        };
        let end = if self.nesting == 0 {
            "    return\n"
        } else {
            end
        };
        self.functions.push(format!("{name}:\n{body}{end}"));
        name
    }

    fn branch(&mut self) {
        let name = self.function();
        self.need(1);
        match self.rng.random_range(0..4) {
            0 => self.put("skiz".into(), -1),
            1 => {
                self.put("dup 0".into(), 1);
                self.put("skiz".into(), -1);
            }
            _ => {
                let at = self.rng.random_range(0..16);
                self.put(format!("dup {at}"), 1);
                self.put("push 0\n    eq\n    skiz".into(), -1);
            }
        }
        match self.rng.random_range(0..6) {
            0 => self.put("nop".into(), 0),
            1 => self.put("sponge_init".into(), 0),
            2 if self.own() > 0 => self.put("addi 7".into(), 0),
            _ => self.put(format!("call {name}"), 0),
        }
    }

    fn count_down(&mut self) {
        let rounds = *[1, 2, 3, 5, 10, 40].choose(self.rng).unwrap();
        let name = self.label();
        let steps = self.rng.random_range(1..8);
        self.put(format!("push {rounds}"), 1);
        let body = self.body(self.height, rounds, steps);
        self.functions.push(format!(
            "{name}:\n    dup 0\n    push 0\n    eq\n    skiz\n    return\n    addi -1\n{body}    recurse\n"
        ));
        self.put(format!("call {name}"), 0);
        self.put("pop 1".into(), -1);
    }

    /// st5 counts up to st6.
    fn count_up(&mut self) {
        let rounds = self.rng.random_range(1..20);
        let name = self.label();
        let steps = self.rng.random_range(1..6);
        self.put(format!("push {rounds}\n    push 0"), 2);
        for _ in 0..5 {
            let value = element(self.rng);
            self.put(format!("push {value}"), 1);
        }
        let body = self.body(self.height, rounds, steps);
        self.functions.push(format!(
            "{name}:\n    pick 5\n    addi 1\n    place 5\n{body}    recurse_or_return\n"
        ));
        self.put(format!("call {name}"), 0);
        self.put("pop 5\n    pop 2".into(), -7);
    }

    fn step(&mut self) {
        let n: usize = self.rng.random_range(1..=5);
        let change = n as isize;
        let deep = self.own().min(16);
        match self.rng.random_range(0..44) {
            0 => self.need(1),
            1 => {
                self.need(n);
                self.put(format!("pop {n}"), -change);
            }
            2..4 => self.put(format!("divine {n}"), change),
            4..8 if deep > 1 => {
                let at = self.rng.random_range(0..deep);
                let name = ["pick", "place", "swap"].choose(self.rng).unwrap();
                self.put(format!("{name} {at}"), 0);
            }
            8..10 => {
                let at = self.rng.random_range(0..16);
                self.put(format!("dup {at}"), 1);
            }
            10 => self.put("nop".into(), 0),
            11 => match self.rng.random_range(0..3) {
                0 => {
                    self.put("push 1".into(), 1);
                    self.put("assert".into(), -1);
                }
                1 => {
                    self.need(5);
                    self.put(
                        "dup 4\n    dup 4\n    dup 4\n    dup 4\n    dup 4".into(),
                        5,
                    );
                    self.put("assert_vector".into(), -5);
                }
                _ => {
                    self.put("push 3\n    push 3\n    eq".into(), 1);
                    self.put("assert".into(), -1);
                }
            },
            12..14 => {
                let at = self.rng.random_range(0..64);
                self.put(format!("push {at}"), 1);
                self.put(format!("read_mem {n}"), change);
            }
            14..16 => {
                self.need(n);
                let at = self.rng.random_range(0..64);
                self.put(format!("push {at}"), 1);
                self.put(format!("write_mem {n}"), -change);
            }
            16 => {
                self.need(10);
                self.put("hash".into(), -5);
            }
            17 => {
                if !self.sponge || self.rng.random_range(0..4) == 0 {
                    self.put("sponge_init".into(), 0);
                    self.sponge = true;
                }
                match self.rng.random_range(0..3) {
                    0 => {
                        self.need(10);
                        self.put("sponge_absorb".into(), -10);
                    }
                    1 => self.put("sponge_squeeze".into(), 10),
                    _ => {
                        self.need(5);
                        self.put("sponge_absorb_mem".into(), 0);
                    }
                }
            }
            18..21 => {
                self.need(2);
                let name = *["add", "mul", "eq"].choose(self.rng).unwrap();
                self.put(name.into(), -1);
            }
            21 => {
                self.need(1);
                let value = element(self.rng);
                self.put(format!("addi {value}"), 0);
            }
            22 => {
                let value = element(self.rng).max(1);
                self.put(format!("push {value}"), 1);
                self.put("invert".into(), 0);
            }
            23..25 => {
                self.need(1);
                self.put("split".into(), 1);
            }
            25..28 => {
                self.words(2);
                let name = *["lt", "and", "xor"].choose(self.rng).unwrap();
                self.put(name.into(), -1);
            }
            28 => {
                self.words(1);
                self.need(1);
                let value = element(self.rng);
                self.put(format!("push {value}\n    pow"), 0);
            }
            29 => {
                let value = word(self.rng).max(1);
                self.put(format!("push {value}"), 1);
                self.words(1);
                self.put("div_mod".into(), 0);
            }
            30 => {
                let value = word(self.rng).max(1);
                self.put(format!("push {value}"), 1);
                let name = *["log_2_floor", "pop_count"].choose(self.rng).unwrap();
                self.put(name.into(), 0);
            }
            31..33 => {
                self.need(6);
                let name = *["xx_add", "xx_mul"].choose(self.rng).unwrap();
                self.put(name.into(), -3);
            }
            33 => {
                self.need(2);
                let value = element(self.rng).max(1);
                self.put(format!("push {value}"), 1);
                self.put("x_invert".into(), 0);
            }
            34 => {
                self.need(4);
                self.put("xb_mul".into(), -1);
            }
            35 => self.put(format!("read_io {n}"), change),
            36 => {
                self.need(n);
                self.put(format!("write_io {n}"), -change);
            }
            37 => {
                self.words(1);
                self.need(1); // of the upper five, at least one is random
                for _ in 0..5 {
                    let value = element(self.rng);
                    self.put(format!("push {value}"), 1);
                }
                for _ in 0..self.rng.random_range(1..5) {
                    self.put("merkle_step".into(), 0);
                }
            }
            38 => {
                self.need(2);
                self.words(1);
                for _ in 0..5 {
                    let value = element(self.rng);
                    self.put(format!("push {value}"), 1);
                }
                for _ in 0..self.rng.random_range(1..5) {
                    self.put("merkle_step_mem".into(), 0);
                }
            }
            39 => {
                self.need(5);
                let name = *["xx_dot_step", "xb_dot_step"].choose(self.rng).unwrap();
                self.put(name.into(), 0);
            }
            40 if self.nesting < 3 && self.budget > 200 * self.times => {
                let name = self.function();
                self.put(format!("call {name}"), 0);
            }
            41 if self.nesting < 3 && self.budget > 200 * self.times => self.branch(),
            42 if self.nesting < 3 && self.budget > 2000 * self.times => self.count_down(),
            43 if self.nesting < 3 && self.budget > 1000 * self.times => self.count_up(),
            _ => self.words(1),
        }
    }
}

/// Change, drop or add lines until something may break.
fn spoil(rng: &mut StdRng, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..lines.len());
        if lines[at].contains(':') || lines[at].contains("skiz") {
            continue;
        }
        match rng.random_range(0..5) {
            0 => drop(lines.remove(at)),
            1 => {
                let other = rng.random_range(0..lines.len());
                if !lines[other].contains(':') {
                    lines.swap(at, other);
                }
            }
            2 => lines.insert(at, format!("    pop {}", rng.random_range(1..6))),
            3 => lines.insert(at, format!("    push {}", element(rng))),
            _ => {
                let names = [
                    "assert",
                    "assert_vector",
                    "invert",
                    "lt",
                    "and",
                    "xor",
                    "pow",
                    "div_mod",
                    "log_2_floor",
                    "pop_count",
                    "x_invert",
                    "merkle_step",
                    "merkle_step_mem",
                    "return",
                    "recurse",
                    "recurse_or_return",
                    "sponge_squeeze",
                    "sponge_absorb",
                    "sponge_absorb_mem",
                    "hash",
                    "skiz",
                    "read_io 5",
                    "divine 5",
                    "write_io 5",
                    "write_mem 5",
                    "read_mem 5",
                    "xx_mul",
                    "xb_mul",
                    "split",
                    "eq",
                ];
                lines.insert(at, format!("    {}", names.choose(rng).unwrap()));
            }
        }
    }
    lines.join("\n") + "\n"
}

/// The program of a seed and what it reads.
pub fn program(seed: u64) -> (String, Reads) {
    let mut rng = StdRng::seed_from_u64(seed);
    let spoilt = rng.random_range(0..4) == 0;
    let generous = rng.random_range(0..8) != 0;
    let steps = *[5, 20, 60, 150].choose(&mut rng).unwrap();
    let mut writer = Writer {
        rng: &mut rng,
        text: String::new(),
        functions: vec![],
        height: 16,
        floor: 16,
        nesting: 0,
        labels: 0,
        sponge: false,
        times: 1,
        budget: 20_000,
    };
    for _ in 0..steps {
        writer.step();
    }
    let mut text = writer.text + "    halt\n" + &writer.functions.join("\n");
    if spoilt {
        text = spoil(&mut rng, &text);
    }
    let count = if generous {
        20_000
    } else {
        rng.random_range(0..40)
    };
    let reads = Reads {
        public: (0..count).map(|_| element(&mut rng)).collect(),
        secret: (0..count).map(|_| element(&mut rng)).collect(),
        digests: (0..count / 4)
            .map(|_| std::array::from_fn(|_| element(&mut rng)))
            .collect(),
        ram: (0..rng.random_range(0..64))
            .map(|a| (a, element(&mut rng)))
            .collect(),
    };
    (text, reads)
}

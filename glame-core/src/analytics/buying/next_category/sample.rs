/// At most so many of what is offered, taken at even steps however many come.
#[derive(Debug, Clone)]
pub(super) struct EvenSample<T> {
    most: usize,
    offered: usize,
    /// Every so-manieth is taken: a power of two.
    step: usize,
    taken: Vec<T>,
}

impl<T> EvenSample<T> {
    pub(super) const fn of(most: usize) -> Self {
        Self {
            most,
            offered: 0,
            step: 1,
            taken: Vec::new(),
        }
    }

    /// Offers the next one, which is made only if it is taken.
    pub(super) fn offer(&mut self, make: impl FnOnce() -> T) {
        if self.offered.is_multiple_of(self.step) {
            self.taken.push(make());
        }
        self.offered += 1;
        if self.taken.len() > self.most {
            let mut is_kept = false;
            self.taken.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
            self.step *= 2;
        }
    }

    pub(super) fn taken(&self) -> &[T] {
        &self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stay_even() {
        let mut sample = EvenSample::of(4);
        let expected: [&[u32]; 6] = [
            &[0],
            &[0, 1, 2, 3],
            &[0, 2, 4],
            &[0, 2, 4, 6],
            &[0, 4, 8],
            &[0, 8, 16],
        ];
        let mut expected = [1, 4, 5, 8, 9, 17].into_iter().zip(expected).peekable();
        for number in 0..17_u32 {
            sample.offer(|| number);
            if let Some((_, taken)) = expected.next_if(|(count, _)| *count == number + 1) {
                assert_eq!(sample.taken(), taken, "after {}", number + 1);
            }
        }
        assert!(expected.next().is_none());
    }
}

use glame_core::values::Money;

/// The most that one call of a language model may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallBudget {
    /// The most tokens that are sent.
    pub prompt_tokens: u32,
    /// The most tokens that may come back.
    pub answer_tokens: u32,
    /// The most that both together may cost.
    pub cost: Money,
}

/// What a model takes for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenPrices {
    /// For tokens that are sent.
    pub per_million_prompt_tokens: Money,
    /// For tokens that come back.
    pub per_million_answer_tokens: Money,
}

/// Tells why a call is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// The prompt is too long.
    #[error("the prompt has {asked} tokens, {allowed} are allowed; shorten it or raise the budget")]
    PromptTooLong {
        /// What the prompt has.
        asked: u32,
        /// What the budget allows.
        allowed: u32,
    },
    /// The prompt alone uses up what the call may cost.
    #[error("the call would cost more than {allowed} roubles; shorten it or raise the budget")]
    TooExpensive {
        /// What the budget allows.
        allowed: Money,
    },
}

impl CallBudget {
    /// Gives how many tokens the answer may have after a prompt of this length.
    ///
    /// Costs are rounded up, so that the bill never exceeds the budget.
    pub fn answer_limit(
        &self,
        prompt_tokens: u32,
        prices: TokenPrices,
    ) -> Result<u32, BudgetError> {
        if prompt_tokens > self.prompt_tokens {
            let allowed = self.prompt_tokens;
            return Err(BudgetError::PromptTooLong {
                asked: prompt_tokens,
                allowed,
            });
        }
        let too_expensive = BudgetError::TooExpensive { allowed: self.cost };
        let millionths = |money: Money| i128::from(money.kopecks()) * 1_000_000;
        let prompt_cost =
            i128::from(prompt_tokens) * i128::from(prices.per_million_prompt_tokens.kopecks());
        let left = millionths(self.cost) - prompt_cost;
        let price = i128::from(prices.per_million_answer_tokens.kopecks());
        let affordable = match price {
            ..=0 => i128::from(self.answer_tokens),
            _ => left.div_euclid(price),
        };
        if left < 0 || affordable < 1 {
            return Err(too_expensive);
        }
        Ok(u32::try_from(affordable)
            .unwrap_or(u32::MAX)
            .min(self.answer_tokens))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_never_costs_more_than_its_budget() {
        let roubles = |roubles| Money::from_whole_roubles(roubles).unwrap();
        let prices = TokenPrices {
            per_million_prompt_tokens: roubles(1_000),
            per_million_answer_tokens: roubles(2_000),
        };
        let budget = CallBudget {
            prompt_tokens: 5_000,
            answer_tokens: 1_000,
            cost: roubles(6),
        };
        // 1 000 tokens of the prompt cost 1 ₽, of the answer 2 ₽.
        let cases = [
            (0, Ok(1_000)),
            (4_000, Ok(1_000)),
            (5_000, Ok(500)),
            (
                5_001,
                Err(BudgetError::PromptTooLong {
                    asked: 5_001,
                    allowed: 5_000,
                }),
            ),
        ];
        for (tokens, expected) in cases {
            assert_eq!(budget.answer_limit(tokens, prices), expected, "{tokens}");
        }
        let poor = CallBudget {
            cost: roubles(4),
            ..budget
        };
        let refused = Err(BudgetError::TooExpensive {
            allowed: roubles(4),
        });
        assert_eq!(poor.answer_limit(4_000, prices), refused);
        assert_eq!(poor.answer_limit(5_000, prices), refused);
    }
}

//! Invented Russian names.

use crate::dice::Dice;

const WOMEN: &[&str] = &[
    "Анна",
    "Мария",
    "Елена",
    "Ольга",
    "Татьяна",
    "Наталья",
    "Ирина",
    "Светлана",
    "Екатерина",
    "Юлия",
    "Алёна",
    "Дарья",
    "Полина",
    "Виктория",
    "Марина",
    "Людмила",
    "Ксения",
    "Вера",
    "Надежда",
    "Любовь",
    "Алиса",
    "Софья",
    "Варвара",
    "Кира",
    "Яна",
    "Зоя",
];
const MEN: &[&str] = &[
    "Алексей",
    "Дмитрий",
    "Сергей",
    "Андрей",
    "Михаил",
    "Иван",
    "Пётр",
    "Павел",
    "Николай",
    "Егор",
    "Артём",
    "Максим",
    "Илья",
    "Кирилл",
    "Роман",
    "Фёдор",
    "Глеб",
    "Тимур",
];
const FATHERS: &[&str] = &[
    "Алексеев",
    "Дмитриев",
    "Сергеев",
    "Андреев",
    "Михайлов",
    "Иванов",
    "Петров",
    "Павлов",
    "Николаев",
    "Егоров",
    "Максимов",
    "Романов",
];
/// Made-up stems; each takes the ending of the person's sex.
const SURNAMES: &[&str] = &[
    "Примеров",
    "Образцов",
    "Тестов",
    "Черновиков",
    "Бумажков",
    "Ромашкин",
    "Василёчков",
    "Берёзкин",
    "Осинкин",
    "Облаков",
    "Дождиков",
    "Снежинкин",
    "Вёснушкин",
    "Летников",
    "Осенин",
    "Зимушкин",
    "Ручейков",
    "Озёркин",
    "Полянин",
    "Опушкин",
    "Тропинкин",
    "Мостиков",
    "Фонариков",
    "Лампочкин",
    "Пуговкин",
    "Иголкин",
    "Ниточкин",
    "Лоскутов",
    "Кармашкин",
    "Пряжкин",
    "Бусинкин",
    "Колечкин",
    "Серёжкин",
    "Браслетов",
    "Жемчугов",
    "Янтарёв",
    "Хрусталёв",
    "Стекляшкин",
    "Камешков",
    "Песчинкин",
    "Ракушкин",
    "Корабликов",
    "Парусов",
    "Якорёв",
    "Маячков",
    "Чайкин",
    "Дельфинов",
    "Волнушкин",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) surname: String,
    pub(super) first: &'static str,
    pub(super) patronymic: String,
    pub(super) woman: bool,
}

/// Gives a person of a jewellery shop: a woman three times of four.
pub(super) fn name(dice: Dice) -> Name {
    let woman = dice.percent(75);
    let (dice, end) = (dice.again(), if woman { "а" } else { "" });
    let first = dice.pick(if woman { WOMEN } else { MEN });
    let dice = dice.again();
    let surname = format!("{}{end}", dice.pick(SURNAMES));
    let father = dice.again().pick(FATHERS);
    let patronymic = format!("{father}{}", if woman { "на" } else { "ич" });
    Name {
        surname,
        first,
        patronymic,
        woman,
    }
}

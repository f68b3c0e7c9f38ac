from ui.session import header, t

header(t("map"))

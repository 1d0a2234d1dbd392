# Writes more.json: Kruskal-Wallis, Welch and curves weighted unequally, from base R and survival.
# Run in this folder: Rscript make_more.R   (R 4.2.2, survival 3.5-3; reads lung.csv, mgus2_competing.csv)
suppressMessages(library(survival))
num <- function(x) paste(ifelse(is.na(x), "null", sprintf("%.15g", x)), collapse = ", ")
field <- function(name, x) sprintf('"%s": %s', name, if (length(x) == 1) num(x) else paste0("[", num(x), "]"))
block <- function(name, ...) sprintf('"%s": {%s}', name, paste(c(...), collapse = ", "))
list_of <- function(groups) paste0("[", paste(sapply(groups, function(g) paste0("[", num(g), "]")), collapse = ", "), "]")
out <- sprintf('"meta": {"R": "%s", "survival": "%s"}', R.version.string, packageVersion("survival"))

# Hollander & Wolfe's half-times of mucociliary clearance (help page of kruskal.test), and two sets with ties
sets <- list(
  mucociliary = list(c(2.9, 3.0, 2.5, 2.6, 3.2), c(3.8, 2.7, 4.0, 2.4), c(2.8, 3.4, 3.7, 2.2, 2.0)),
  ties = list(c(2, 3, 3, 4, 4, 4, 5), c(3, 4, 5, 6, 6), c(5, 5, 7, 8, 9, 9), c(1, 4, 4)),
  two = list(c(1, 2, 2, 3, 9, 9), c(3, 3, 4, 5))
)
kruskal <- sapply(names(sets), function(name) {
  test <- kruskal.test(sets[[name]])
  block(name, sprintf('"groups": %s', list_of(sets[[name]])), field("chi_square", test$statistic),
        field("df", test$parameter), field("p", test$p.value))
})
out <- c(out, sprintf('"kruskal": {%s}', paste(kruskal, collapse = ", ")))

x <- c(9.574, 2.606, 3.611, 4.175, 3.059, 3.105, 6.496, 4.766, 5.305, 9.38, 5.714, 10.434, 9.563)
y <- c(7.148, 10.292, 7.435, 4.712, 5.885, 6.49, 8.476, 8.18, 7.911)
pairs <- list(n13_n9 = list(x, y), small = list(c(1, 2, 4), c(10, 30)), sleep = split(sleep$extra, sleep$group))
welch <- sapply(names(pairs), function(name) {
  found <- sapply(c(0.95, 0.9), function(level) {
    test <- t.test(pairs[[name]][[1]], pairs[[name]][[2]], conf.level = level)
    block(sprintf("%g", level), field("difference", -diff(test$estimate)), field("t", test$statistic),
          field("df", test$parameter), field("p", test$p.value), field("ci", test$conf.int))
  })
  block(name, sprintf('"groups": %s', list_of(pairs[[name]])), found)
})
out <- c(out, sprintf('"welch": {%s}', paste(welch, collapse = ", ")))

# unequal weights: robust (infinitesimal jackknife) errors, each patient a cluster, and patients of two rows
curve <- function(fit, at) {
  s <- summary(fit, times = at, extend = TRUE)
  c(field("times", at), field("survival", s$surv), field("se", s$std.err), field("low", s$lower), field("high", s$upper))
}
lung <- read.csv("lung.csv")
weight <- 0.5 + (seq_len(nrow(lung)) * 7) %% 10 / 5
at <- c(60, 180, 310, 500, 800)
death <- lung$event == 1
fit <- survfit(Surv(lung$time, death) ~ 1, weights = weight, robust = TRUE, conf.type = "log-log")
out <- c(out, block("weighted_lung", field("weight", weight), curve(fit, at)))
pair <- rep(seq_len(ceiling(nrow(lung) / 2)), each = 2)[seq_len(nrow(lung))]
fit <- survfit(Surv(lung$time, death) ~ 1, weights = weight, cluster = pair, conf.type = "log-log")
out <- c(out, block("weighted_lung_pairs", field("pair", pair), curve(fit, at)))
set <- read.csv("mgus2_competing.csv")
weight <- 0.25 + (seq_len(nrow(set)) * 3) %% 8 / 4
fit <- survfit(Surv(set$time, factor(set$status)) ~ 1, weights = weight, id = seq_len(nrow(set)), robust = TRUE)
s <- summary(fit, times = c(24, 60, 120, 240))
out <- c(out, block("weighted_mgus2", field("weight", weight), field("times", s$time),
                    field("first", s$pstate[, 2]), field("first_se", s$std.err[, 2]),
                    field("second", s$pstate[, 3]), field("second_se", s$std.err[, 3])))
writeLines(paste0("{\n", paste(out, collapse = ",\n"), "\n}"), "more.json")

# --- reading --------------------------------------------------------------------------------------------------------
if (!requireNamespace("survival", quietly = TRUE)) stop("The package survival is needed: install.packages(\"survival\")")
suppressPackageStartupMessages(library(survival))
script <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
folder <- if (length(script)) dirname(gsub("~+~", " ", script[1], fixed = TRUE)) else "."

read <- function(name, numeric = character()) {
  path <- file.path(folder, "tables", paste0(name, ".csv"))
  if (!file.exists(path)) stop(path, " is missing: run this script from the folder of the report")
  rows <- read.csv(path, colClasses = "character", na.strings = "", check.names = FALSE, encoding = "UTF-8")
  for (column in numeric) rows[[column]] <- as.numeric(rows[[column]])
  rows
}
effects <- read("effects", c("estimate", "low", "high", "level", "p", "n", "events"))
arm_of <- read("arms", c("due_at", "given_at"))
arm_of <- arm_of[!is.na(arm_of$arm), ]
ends <- read("endpoints", c("start", "stop", "event"))
ends$arm <- arm_of$arm[match(ends$course_id, arm_of$course_id)]
ends <- ends[!is.na(ends$arm), ]
episodes <- read("episodes", c("onset", "end", "episode", "max_grade"))
episodes$arm <- arm_of$arm[match(episodes$course_id, arm_of$course_id)]
episodes <- episodes[!is.na(episodes$arm), ]
grades <- read("grades", c("from", "grade"))
curves <- read("curves", c("time", "at_risk", "estimate", "low", "high"))
at_risk <- read("at_risk", c("time", "at_risk"))

pairs <- if (length(arms) > 1) combn(arms, 2, simplify = FALSE) else list()
versus <- function(pair) paste(pair, collapse = " v ")
alpha <- 1 - level
z <- qnorm(1 - alpha / 2)

# --- comparing ------------------------------------------------------------------------------------------------------
seen <- rep(FALSE, nrow(effects))
agree <- 0
differ <- 0
show <- function(label, field, ours, here, tolerance) {
  same <- if (is.na(ours) || is.na(here)) is.na(ours) && is.na(here) else
    abs(ours - here) <= tolerance * max(1, abs(ours))
  if (same) agree <<- agree + 1 else differ <<- differ + 1
  cat(sprintf("%-8s %-9s %14s %14s  %-7s %s\n", if (same) "ok" else "DIFFERS", field, format(ours, digits = 9),
              format(here, digits = 9), format(tolerance), label))
}
rows_of <- function(outcome, contrast, measure)
  which(effects$outcome == outcome & effects$contrast == contrast & effects$measure == measure)
# Compares the fields given with the row of this outcome, contrast and measure; nothing where the study has no such row.
check <- function(outcome, contrast, measure, ..., tolerance = 1e-6) {
  here <- list(...)
  for (row in rows_of(outcome, contrast, measure)) {
    seen[row] <<- TRUE
    for (field in names(here)) {
      value <- here[[field]]
      value <- if (length(value) == 1 && is.finite(value)) as.numeric(value) else NA_real_
      show(paste(outcome, contrast, measure, sep = " | "), field, effects[[field]][row], value, tolerance)
    }
  }
}

# --- shares ---------------------------------------------------------------------------------------------------------
clopper <- function(k, n) if (n == 0) c(NA, NA) else as.numeric(binom.test(k, n, conf.level = level)$conf.int)
wilson <- function(k, n) {
  if (n == 0) return(c(NA, NA))
  p <- k / n
  half <- z * sqrt(p * (1 - p) / n + z^2 / (4 * n^2))
  limits <- (p + z^2 / (2 * n) + c(-half, half)) / (1 + z^2 / n)
  c(if (k == 0) 0 else limits[1], if (k == n) 1 else limits[2])
}
newcombe <- function(a, m, b, n) {
  if (m == 0 || n == 0) return(c(NA, NA))
  one <- wilson(a, m)
  two <- wilson(b, n)
  d <- a / m - b / n
  c(d - sqrt((a / m - one[1])^2 + (two[2] - b / n)^2), d + sqrt((one[2] - a / m)^2 + (b / n - two[1])^2))
}
fisher <- function(a, m, b, n) fisher.test(matrix(c(a, m - a, b, n - b), 2))$p.value
# The conditional odds ratio with exact limits; fisher.test has the same but stops searching at about 1e-4.
conditional <- function(a, m, b, n) {
  if (m == 0 || n == 0 || a + b == 0 || a + b == m + n) return(c(NA, NA, NA))
  x <- max(0, a + b - n):min(m, a + b)
  base <- dhyper(x, m, n, a + b, log = TRUE)
  chance <- function(t) {
    w <- base + x * t
    w <- exp(w - max(w))
    w / sum(w)
  }
  root <- function(f) exp(uniroot(f, c(-60, 60), tol = 1e-12)$root)
  ratio <- if (a == min(x)) 0 else if (a == max(x)) NA else root(function(t) sum(x * chance(t)) - a)
  low <- if (a == min(x)) 0 else root(function(t) sum(chance(t)[x >= a]) - alpha / 2)
  high <- if (a == max(x)) NA else root(function(t) sum(chance(t)[x <= a]) - alpha / 2)
  c(ratio, low, high)
}
# Share of the first arm nearest to b/n that Fisher's test tells from it (5 %) with the power asked.
detectable <- function(m, b, n, below) {
  p <- outer(0:m, 0:n, Vectorize(function(i, j) if (i + j == 0 || i + j == m + n) 1 else fisher(i, m, j, n)))
  against <- as.vector((p <= 0.05) %*% dbinom(0:n, n, b / n))
  enough <- function(share) sum(dbinom(0:m, m, share) * against) >= power
  grid <- seq(b / n, if (below) 0 else 1, length.out = 2001)
  hit <- which(vapply(grid, enough, TRUE))
  if (!length(hit)) return(NA)
  if (hit[1] == 1) return(grid[1])
  near <- grid[hit[1] - 1]
  far <- grid[hit[1]]
  for (step in 1:60) if (enough((near + far) / 2)) far <- (near + far) / 2 else near <- (near + far) / 2
  far
}
risk_ratio <- function(a, m, b, n) {
  if (a == 0 || b == 0 || (a == m && b == n)) return(c(NA, NA, NA))
  ratio <- a / m / (b / n)
  c(ratio, ratio * exp(c(-z, z) * sqrt(1 / a - 1 / m + 1 / b - 1 / n)))
}
e_value <- function(ratio) max(ratio, 1 / ratio) + sqrt(max(ratio, 1 / ratio) * (max(ratio, 1 / ratio) - 1))
# E-values of a ratio and of its limit nearest 1; a limit on the other side of 1 gives 1.
e_values <- function(r) {
  if (is.na(r[1])) return(c(NA, NA))
  near <- if (r[1] > 1) r[2] else r[3]
  c(e_value(r[1]), if ((near - 1) * (r[1] - 1) <= 0) 1 else e_value(near))
}
# Fewest courses of one arm with the other outcome that take Fisher's P across 0.05; at most 200.
fragility <- function(a, m, b, n) {
  if (m == 0 || n == 0) return(NA)
  low <- function(a, b) fisher(a, m, b, n) < 0.05
  first <- low(a, b)
  for (k in seq_len(200)) {
    ways <- list(c(a + k, b), c(a - k, b), c(a, b + k), c(a, b - k))
    for (way in ways) if (all(way >= 0) && way[1] <= m && way[2] <= n && low(way[1], way[2]) != first) return(k)
  }
  NA
}
turning <- function(outcome, pair, a, m, b, n) {
  if (!length(rows_of(outcome, versus(pair), "risk ratio"))) return(invisible())
  ratio <- risk_ratio(a, m, b, n)
  found <- e_values(ratio)
  check(outcome, versus(pair), "risk ratio", estimate = ratio[1], low = ratio[2], high = ratio[3])
  check(outcome, versus(pair), "E-value of the estimate", estimate = found[1])
  check(outcome, versus(pair), "E-value of the limit nearest 1", estimate = found[2])
  check(outcome, versus(pair), "fragility index", estimate = fragility(a, m, b, n))
}
# counts: a list by arm of c(events, courses)
shares <- function(outcome, counts, measure = "proportion") {
  for (arm in names(counts)) {
    k <- counts[[arm]][1]
    n <- counts[[arm]][2]
    limits <- clopper(k, n)
    check(outcome, arm, measure, estimate = k / n, low = limits[1], high = limits[2], events = k, n = n)
    if (measure != "proportion") next
    limits <- wilson(k, n)
    check(outcome, arm, "proportion (Wilson)", estimate = k / n, low = limits[1], high = limits[2])
  }
  if (measure != "proportion") return(invisible())
  for (pair in pairs) {
    if (!all(pair %in% names(counts))) next
    a <- counts[[pair[1]]][1]
    m <- counts[[pair[1]]][2]
    b <- counts[[pair[2]]][1]
    n <- counts[[pair[2]]][2]
    limits <- newcombe(a, m, b, n)
    p <- if (m > 0 && n > 0 && a + b > 0 && a + b < m + n) fisher(a, m, b, n) else NA
    check(outcome, versus(pair), "risk difference", estimate = a / m - b / n, low = limits[1], high = limits[2], p = p)
    found <- conditional(a, m, b, n)
    check(outcome, versus(pair), "odds ratio", estimate = found[1], low = found[2], high = found[3], tolerance = 1e-5)
    turning(outcome, pair, a, m, b, n)
    if (length(rows_of(outcome, versus(pair), "share detectable below")) && m > 0 && n > 0 && m * n <= 20000) {
      check(outcome, versus(pair), "share detectable below", estimate = detectable(m, b, n, TRUE))
      check(outcome, versus(pair), "share detectable above", estimate = detectable(m, b, n, FALSE))
    }
  }
}
by_arm <- function(made) setNames(lapply(arms, made), arms)
judged <- function(endpoint) by_arm(function(arm) {
  event <- ends$event[ends$endpoint == endpoint & ends$arm == arm]
  c(sum(event == 1, na.rm = TRUE), sum(!is.na(event)))
})

cat("Compared: ours from effects.csv, here from base R and survival. A difference counts relative to ours above 1.\n\n")
cat(sprintf("%-8s %-9s %14s %14s  %-7s %s\n", "", "field", "ours", "here", "within", "outcome | contrast | measure"))
shares("MRD-negative CR", judged("mrd_negative_cr"))
shares("CRS death", judged("crs_death"))
# The assessed only, and the not assessable filled in in every way (up to 20 an arm).
response <- ends[ends$endpoint == "mrd_negative_cr", ]
response$known <- !is.na(response$event) & !grepl("^not assessable", response$value)
side <- function(limits) if (limits[1] > 0) 1 else if (limits[2] < 0) -1 else 0
for (pair in pairs) {
  counted <- lapply(pair, function(arm) {
    mine <- response[response$arm == arm, ]
    c(sum(mine$known & mine$event == 1, na.rm = TRUE), sum(mine$known), sum(!mine$known))
  })
  a <- counted[[1]]
  b <- counted[[2]]
  if (a[2] == 0 || b[2] == 0 || a[3] + b[3] == 0) {
    check("MRD-negative CR", versus(pair), "tipping point", estimate = NA)
    next
  }
  seen_here <- newcombe(a[1], a[2], b[1], b[2])
  check("MRD-negative CR", versus(pair), "risk difference, assessed only", estimate = a[1] / a[2] - b[1] / b[2],
        low = seen_here[1], high = seen_here[2])
  if (max(a[3], b[3]) > 20) next
  filled <- expand.grid(x = a[1] + 0:a[3], y = b[1] + 0:b[3])
  made <- mapply(function(x, y) c(x / (a[2] + a[3]) - y / (b[2] + b[3]), newcombe(x, a[2] + a[3], y, b[2] + b[3])),
                 filled$x, filled$y)
  low <- made[, which.min(made[1, ])]
  high <- made[, which.max(made[1, ])]
  check("MRD-negative CR", versus(pair), "risk difference, lowest possible", estimate = low[1], low = low[2],
        high = low[3])
  check("MRD-negative CR", versus(pair), "risk difference, highest possible", estimate = high[1], low = high[2],
        high = high[3])
  check("MRD-negative CR", versus(pair), "ways that turn the result",
        estimate = sum(apply(made[2:3, , drop = FALSE], 2, side) != side(seen_here)))
}

worst <- ends[ends$endpoint == "crs_max_grade" & !is.na(ends$event), ]
worst$grade <- as.numeric(worst$value)
graded <- by_arm(function(arm) worst$grade[worst$arm == arm])
shares("severe CRS", by_arm(function(arm) c(sum(graded[[arm]] >= severe), length(graded[[arm]]))))
hits <- grades[grades$scale == scale & grades$grade >= severe, ]
first_severe <- tapply(hits$from, hits$course_id, min)
given <- arm_of$given_at[match(names(first_severe), arm_of$course_id)]
early_severe <- names(first_severe)[!is.na(given) & first_severe <= given]
late_severe <- setdiff(names(first_severe), early_severe)
among <- function(courses) by_arm(function(arm) {
  mine <- worst$course_id[worst$arm == arm]
  c(sum(mine %in% courses), length(mine))
})
shares(paste("severe CRS before", drug), among(early_severe))
shares(paste("severe CRS after", drug), among(late_severe))
for (g in c(1, 2, 4))
  shares("CRS worst grade", by_arm(function(arm) c(sum(graded[[arm]] >= g), length(graded[[arm]]))),
         paste("proportion grade", g, "or more"))
for (g in 0:5)
  shares("CRS worst grade", by_arm(function(arm) c(sum(graded[[arm]] == g), length(graded[[arm]]))),
         paste("proportion grade", g))
for (pair in pairs) {
  mine <- worst[worst$arm %in% pair, ]
  counted <- table(mine$arm, mine$grade)
  p <- if (nrow(counted) < 2) NA else if (ncol(counted) < 2) 1 else
    tryCatch(fisher.test(counted, workspace = 2e7)$p.value, error = function(e) NULL) # too large a table: not compared
  if (!is.null(p)) check("CRS worst grade", versus(pair), "Fisher-Freeman-Halton", p = p)
}
# Neurotoxicity: events from the episodes; who could be assessed at all stands in the effects only.
for (least in c(1, severe_icans)) {
  outcome <- if (least == 1) "ICANS" else "severe ICANS"
  toxic <- unique(episodes$course_id[episodes$scale == icans & episodes$max_grade >= least])
  shares(outcome, by_arm(function(arm) {
    row <- rows_of(outcome, arm, "proportion")
    c(sum(arm_of$course_id[arm_of$arm == arm] %in% toxic), if (length(row)) effects$n[row[1]] else 0)
  }))
}
# The other shares: the tables hold no row a course, so only interval and test are done again, from the printed counts.
printed <- effects[effects$measure == "proportion" & effects$contrast %in% arms & !is.na(effects$n), ]
for (outcome in setdiff(unique(printed$outcome), effects$outcome[seen])) {
  mine <- printed[printed$outcome == outcome, ]
  shares(outcome, setNames(Map(c, mine$events, mine$n), mine$contrast))
}

# --- cumulative incidence of CRS death: Aalen-Johansen, Aalen's variance, log-log interval --------------------------
incidence <- function(time, status, at) {
  if (!length(time)) return(c(NA, NA, NA))
  t <- sort(unique(time))
  n <- vapply(t, function(u) sum(time >= u), 0)
  own <- vapply(t, function(u) sum(time == u & status == 1), 0)
  other <- vapply(t, function(u) sum(time == u & status > 1), 0)
  free <- cumprod(1 - (own + other) / n)
  before <- c(1, free)[seq_along(t)]
  f <- cumsum(before * own / n)
  if (at > max(t) && free[length(t)] > 0) return(c(NA, NA, NA))
  k <- sum(t <= at)
  if (k == 0) return(c(0, NA, NA))
  variance <- 0
  draw <- function(d, n) if (n > 1) d * (n - d) / (n^2 * (n - 1)) else d / n^2
  for (j in seq_len(k)) {
    rest <- if (free[j] > 0) (f[k] - f[j]) * before[j] / free[j] else 0
    variance <- variance + (before[j] - rest)^2 * draw(own[j], n[j]) + rest^2 * draw(other[j], n[j])
  }
  if (f[k] <= 0 || f[k] >= 1) return(c(f[k], NA, NA))
  width <- z * sqrt(variance) / (f[k] * log(f[k]))
  c(f[k], f[k]^exp(-width), f[k]^exp(width))
}
for (measure in grep("^cumulative incidence at ", unique(effects$measure), value = TRUE)) for (arm in arms) {
  mine <- ends[ends$endpoint == "crs_death" & ends$arm == arm & !is.na(ends$event) & !is.na(ends$stop), ]
  found <- incidence(mine$stop, mine$event, as.numeric(sub("^cumulative incidence at ", "", measure)))
  check("CRS death", arm, measure, estimate = found[1], low = found[2], high = found[3])
}

# --- survival -------------------------------------------------------------------------------------------------------
fit <- function(time, event) survfit(Surv(time, event) ~ 1, conf.type = "log-log", conf.int = level)
middle <- function(time, event) {
  if (!length(time)) return(c(NA, NA, NA))
  q <- quantile(fit(time, event), 0.5)
  as.numeric(c(q$quantile, q$lower, q$upper))
}
# Collett's symmetric interval with a density over 0.05 either side of the median, as SPSS prints it; below 0 it is 0.
spss <- function(time, event) {
  if (!length(time) || !sum(event)) return(c(NA, NA, NA))
  f <- fit(time, event)
  k <- f$n.event > 0
  t <- f$time[k]
  s <- f$surv[k]
  se <- s * sqrt(cumsum(f$n.event[k] / (f$n.risk[k] * (f$n.risk[k] - f$n.event[k]))))
  i <- which(s <= 0.5 + 1e-12)
  if (!length(i)) return(c(NA, NA, NA))
  u <- which(s >= 0.55 - 1e-12)
  l <- which(s <= 0.45 + 1e-12)
  if (!length(l)) return(c(t[i[1]], NA, NA))
  tu <- if (length(u)) t[max(u)] else 0
  su <- if (length(u)) s[max(u)] else 1
  half <- z * se[i[1]] / ((su - s[l[1]]) / (t[l[1]] - tu))
  if (!is.finite(half)) return(c(t[i[1]], NA, NA))
  c(t[i[1]], max(0, t[i[1]] - half), t[i[1]] + half)
}
survival_at <- function(time, event, at) {
  if (!length(time)) return(c(NA, NA, NA))
  f <- fit(time, event)
  if (at > max(f$time) && f$surv[length(f$surv)] > 0) return(c(NA, NA, NA))
  s <- summary(f, times = at, extend = TRUE)
  if (s$surv <= 0 || s$surv >= 1) c(s$surv, NA, NA) else c(s$surv, s$lower, s$upper)
}
clock <- function(endpoint, arm) {
  mine <- ends[ends$endpoint == endpoint & ends$arm == arm & !is.na(ends$event) & !is.na(ends$stop), ]
  list(days = pmax(mine$stop - mine$start, 0), time = pmax(mine$stop - mine$start, 0) / months, event = mine$event)
}
log_rank <- function(one, two) {
  if (!length(one$time) || !length(two$time) || !sum(one$event, two$event)) return(c(NA, NA))
  group <- rep(1:2, c(length(one$time), length(two$time)))
  s <- survdiff(Surv(c(one$time, two$time), c(one$event, two$event)) ~ group)
  if (max(abs(s$var)) < 1e-12) return(c(NA, NA))
  c(s$chisq, pchisq(s$chisq, 1, lower.tail = FALSE))
}
splits <- new.env()
all_splits <- function(n, m) {
  key <- paste(n, m)
  if (is.null(splits[[key]])) assign(key, combn(n, m), envir = splits)
  splits[[key]]
}
# Observed minus expected events of the first arm, and the share of all splits at least as far from 0.
exact_log_rank <- function(one, two) {
  time <- c(one$time, two$time)
  event <- c(one$event, two$event)
  m <- length(one$time)
  if (!m || m == length(time) || !sum(event)) return(c(NA, NA))
  at <- sort(unique(time[event == 1]))
  there <- outer(time, at, ">=")
  died <- outer(time, at, "==") * event
  score <- rowSums(died) - as.vector(there %*% (colSums(died) / colSums(there)))
  seen_here <- sum(score[seq_len(m)])
  if (choose(length(time), m) > 1e6) return(c(seen_here, NaN))
  sums <- colSums(matrix(score[all_splits(length(time), m)], nrow = m))
  c(seen_here, mean(abs(sums) >= abs(seen_here) - 1e-9))
}
# Cox's hazard ratio of the first group (Efron), its limits and P, then the test of proportional hazards; NA where the
# likelihood has no finite maximum.
hazard_ratio <- function(rows) {
  nothing <- rep(NA, 6)
  if (!sum(rows$event) || length(unique(rows$group)) < 2) return(nothing)
  exact <- coxph.control(eps = 1e-11, iter.max = 60)
  f <- suppressWarnings(coxph(Surv(start, time, event) ~ group, rows, ties = "efron", control = exact))
  if (is.na(coef(f)) || abs(coef(f)) > 9 || vcov(f) == 0) return(nothing)
  se <- sqrt(vcov(f)[1])
  held <- tryCatch(cox.zph(f, transform = "km")$table[1, c("chisq", "p")], error = function(e) c(NA, NA))
  c(exp(coef(f) + c(0, -z, z) * se), 2 * pnorm(-abs(coef(f) / se)), held)
}
# Firth's: the maximum of the log likelihood (Efron) + half the log of its information, and where it falls by z^2 / 2.
firth <- function(rows) {
  if (!sum(rows$event) || length(unique(rows$group)) < 2) return(rep(NA, 4))
  at <- sort(unique(rows$time[rows$event == 1]))
  both <- vapply(at, function(u) length(unique(rows$group[rows$time >= u])) == 2, TRUE)
  if (!any(both)) return(rep(NA, 4))
  height <- function(b) {
    made <- 0
    information <- 0
    for (u in at) {
      died <- rows$time == u & rows$event == 1
      there <- rows$time >= u
      d <- sum(died)
      w <- exp(b * (rows$group - 0.5))
      for (k in seq_len(d) - 1) {
        whole <- sum(w[there]) - k / d * sum(w[died])
        one <- (sum((w * rows$group)[there]) - k / d * sum((w * rows$group)[died])) / whole
        made <- made - log(whole)
        information <- information + one * (1 - one)
      }
      made <- made + b * sum(rows$group[died] - 0.5)
    }
    made + log(information) / 2
  }
  best <- optimize(height, c(-20, 20), maximum = TRUE, tol = 1e-9)
  fallen <- function(b) 2 * (best$objective - height(b)) - z^2
  limit <- function(to) tryCatch(uniroot(fallen, sort(c(best$maximum, to)), tol = 1e-11)$root, error = function(e) NA)
  p <- pchisq(max(0, 2 * (best$objective - height(0))), 1, lower.tail = FALSE)
  c(exp(c(best$maximum, limit(-25), limit(25))), p)
}
# Follow-up split at the first dose of the first arm; all time before it, and the other arm, is group 0.
begun <- function(endpoint, pair) {
  mine <- ends[ends$endpoint == endpoint & ends$arm %in% pair & !is.na(ends$event) & !is.na(ends$stop), ]
  mine$time <- mine$stop - mine$start
  mine <- mine[mine$time > 0, ]
  at <- pmax(arm_of$given_at[match(mine$course_id, arm_of$course_id)] / 1440 - mine$start, 0)
  at[mine$arm != pair[1]] <- Inf
  after <- at < mine$time
  rbind(data.frame(start = rep(0, nrow(mine)), time = pmin(at, mine$time), event = ifelse(after, 0, mine$event),
                   group = rep(0, nrow(mine)))[at > 0, ],
        data.frame(start = at, time = mine$time, event = mine$event, group = rep(1, nrow(mine)))[after, ])
}
mantel_byar <- function(rows) {
  sums <- c(0, 0)
  for (u in sort(unique(rows$time[rows$event == 1]))) {
    there <- rows$start < u & rows$time >= u
    died <- rows$time == u & rows$event == 1
    n <- sum(there)
    d <- sum(died)
    share <- mean(rows$group[there])
    sums <- sums + c(sum(rows$group[died]) - d * share, d * share * (1 - share) * (n - d) / max(1, n - 1))
  }
  if (sums[2] <= 0) return(c(NA, NA))
  c(sums[1]^2 / sums[2], pchisq(sums[1]^2 / sums[2], 1, lower.tail = FALSE))
}
# Area under Kaplan-Meier up to a month, and its variance.
area <- function(one, month) {
  f <- fit(one$time, one$event)
  ends_at <- c(0, pmin(f$time, month), month)
  parts <- c(1, f$surv) * diff(ends_at)
  still <- rev(cumsum(rev(parts)))[-1]
  left <- f$n.risk - f$n.event
  c(sum(parts), sum(ifelse(left > 0, still^2 * f$n.event / (f$n.risk * pmax(left, 1)), 0)))
}
# Follow-up after a day, of those still followed; group 1 is in the first arm by then.
landmark <- function(endpoint, pair, day) {
  mine <- ends[ends$endpoint == endpoint & ends$arm %in% pair & !is.na(ends$event) & !is.na(ends$stop), ]
  begin <- pmax(arm_of$given_at[match(mine$course_id, arm_of$course_id)] / 1440 - mine$start, 0)
  begin[mine$arm != pair[1]] <- Inf
  time <- pmax(mine$stop - mine$start, 0)
  kept <- time > day
  data.frame(start = rep(-1, sum(kept)), time = time[kept] - day, event = mine$event[kept],
             group = as.numeric(begin[kept] <= day))
}
for (i in seq_along(clock_endpoint)) {
  outcome <- clock_outcome[i]
  rows <- by_arm(function(arm) clock(clock_endpoint[i], arm))
  for (arm in arms) {
    mine <- rows[[arm]]
    found <- middle(mine$time, mine$event)
    check(outcome, arm, "median (log-log)", estimate = found[1], low = found[2], high = found[3])
    found <- spss(mine$time, mine$event)
    check(outcome, arm, "median (SPSS)", estimate = found[1], low = found[2], high = found[3])
    found <- middle(mine$time, 1 - mine$event)
    check(outcome, arm, "median follow-up", estimate = found[1], low = found[2], high = found[3])
    for (measure in grep("^survival at .* months$", unique(effects$measure), value = TRUE)) {
      found <- survival_at(mine$time, mine$event, as.numeric(sub("^survival at (.*) months$", "\\1", measure)))
      check(outcome, arm, measure, estimate = found[1], low = found[2], high = found[3])
    }
    line <- curves[curves$outcome == outcome & curves$arm == arm & curves$kind == "survival", ]
    if (nrow(line) && length(mine$days)) {
      s <- summary(fit(mine$days, mine$event), times = line$time, extend = TRUE)
      known <- !is.na(line$low)
      label <- paste(outcome, arm, "curve, largest difference", sep = " | ")
      show(label, "estimate", 0, max(abs(s$surv - line$estimate)), 1e-9)
      show(label, "low", 0, max(0, abs(s$lower[known] - line$low[known])), 1e-9)
      show(label, "high", 0, max(0, abs(s$upper[known] - line$high[known])), 1e-9)
    }
    line <- at_risk[at_risk$outcome == outcome & at_risk$arm == arm, ]
    if (nrow(line)) {
      left <- vapply(line$time, function(u) sum(mine$days >= u), 0)
      show(paste(outcome, arm, "at risk, largest difference", sep = " | "), "at_risk", 0, max(abs(left - line$at_risk)),
           0)
    }
  }
  for (pair in pairs) {
    one <- rows[[pair[1]]]
    two <- rows[[pair[2]]]
    found <- log_rank(one, two)
    check(outcome, versus(pair), "log-rank", estimate = found[1], p = found[2])
    found <- exact_log_rank(one, two)
    if (is.nan(found[2])) check(outcome, versus(pair), "observed minus expected events", estimate = found[1])
    else check(outcome, versus(pair), "observed minus expected events", estimate = found[1], p = found[2])
    events <- sum(one$event, two$event)
    share <- length(one$time) / (length(one$time) + length(two$time))
    ratio <- exp(-(qnorm(0.975) + qnorm(power)) / sqrt(events * share * (1 - share)))
    check(outcome, versus(pair), "hazard ratio detectable", estimate = ratio)
    rows_here <- data.frame(start = rep(-1, length(c(one$time, two$time))), time = c(one$time, two$time),
                            event = c(one$event, two$event),
                            group = rep(c(1, 0), c(length(one$time), length(two$time))))
    found <- hazard_ratio(rows_here)
    check(outcome, versus(pair), "hazard ratio", estimate = found[1], low = found[2], high = found[3], p = found[4])
    check(outcome, versus(pair), "proportional hazards", estimate = found[5], p = found[6])
    found <- firth(rows_here)
    check(outcome, versus(pair), "hazard ratio (Firth)", estimate = found[1], low = found[2], high = found[3],
          p = found[4], tolerance = 1e-5)
    check(outcome, versus(pair), "difference of restricted means", estimate = NA)
    mine <- effects[effects$outcome == outcome & effects$contrast == versus(pair), "measure"]
    for (measure in grep("^difference of restricted means to .* months$", mine, value = TRUE)) {
      month <- as.numeric(sub("^.* to (.*) months$", "\\1", measure))
      found <- list(area(one, month), area(two, month))
      gap <- found[[1]][1] - found[[2]][1]
      se <- sqrt(found[[1]][2] + found[[2]][2])
      if (se == 0) check(outcome, versus(pair), measure, estimate = gap)
      else check(outcome, versus(pair), measure, estimate = gap, low = gap - z * se, high = gap + z * se,
                 p = 2 * pnorm(-abs(gap / se)))
    }
    for (measure in grep("^hazard ratio from day ", mine, value = TRUE)) {
      then <- landmark(clock_endpoint[i], pair, as.numeric(sub("^hazard ratio from day ([0-9.]+),.*", "\\1", measure)))
      found <- hazard_ratio(then)
      tested <- log_rank(then[then$group == 1, ], then[then$group == 0, ])
      check(outcome, versus(pair), measure, estimate = found[1], low = found[2], high = found[3], p = tested[2])
    }
    if (!length(rows_of(outcome, versus(pair), "Mantel-Byar"))) next
    split <- begun(clock_endpoint[i], pair)
    found <- mantel_byar(split)
    check(outcome, versus(pair), "Mantel-Byar", estimate = found[1], p = found[2])
    found <- hazard_ratio(split)
    check(outcome, versus(pair), "hazard ratio, arm from the first dose on", estimate = found[1], low = found[2],
          high = found[3], p = found[4])
  }
}

# --- times ----------------------------------------------------------------------------------------------------------
# Sums of m of the doubled mid-ranks and their chances, subject by subject.
rank_sums <- function(twice, m) {
  top <- sum(sort(twice, decreasing = TRUE)[seq_len(m)])
  chance <- matrix(0, m + 1, top + 1)
  chance[1, 1] <- 1
  for (k in seq_along(twice)) {
    taken <- pmin(pmax((m - 0:m) / (length(twice) - k + 1), 0), 1)
    moved <- chance * taken
    chance <- chance * (1 - taken)
    if (twice[k] <= top) {
      to <- (twice[k] + 1):(top + 1)
      chance[-1, to] <- chance[-1, to] + moved[-(m + 1), seq_along(to)]
    }
  }
  sums <- which(chance[m + 1, ] > 0)
  list(sum = sums - 1, chance = chance[m + 1, sums])
}
# Shift x - y (Hodges-Lehmann) with its exact interval, and the exact Mann-Whitney P over mid-ranks.
shift <- function(x, y) {
  m <- length(x)
  if (!m || !length(y)) return(c(NA, NA, NA, NA))
  all <- c(x, y)
  twice <- round(2 * rank(all))
  law <- rank_sums(twice, m)
  centre <- m * (length(all) + 1)
  p <- min(1, sum(law$chance[abs(law$sum - centre) >= abs(sum(twice[seq_len(m)]) - centre)]))
  apart <- sort(as.vector(outer(x, y, "-")))
  if (!anyDuplicated(all) && max(m, length(y)) < 50) {
    limits <- suppressWarnings(wilcox.test(x, y, exact = TRUE, conf.int = TRUE, conf.level = level)$conf.int)
    return(c(median(apart), limits[1], limits[2], p))
  }
  u <- (law$sum - m * (m + 1)) / 2
  tail <- alpha / 2 * (1 - 1e-12)
  low_u <- u[which(cumsum(law$chance) >= tail)[1]]
  high_u <- rev(u)[which(cumsum(rev(law$chance)) >= tail)[1]]
  if (!anyDuplicated(all)) {
    k <- max(1, floor(low_u))
    return(c(median(apart), apart[k], rev(apart)[k], p))
  }
  at <- vapply(apart, function(d) sum(apart > d) + sum(apart == d) / 2, 0)
  low <- which(at >= high_u)
  high <- which(at <= low_u)
  c(median(apart), apart[if (length(low)) max(low) else 1], apart[if (length(high)) min(high) else length(apart)], p)
}
numbers <- function(outcome, values) {
  for (arm in arms) {
    mine <- sort(values[[arm]])
    limits <- if (length(mine) && min(mine) >= 0) middle(mine, rep(1, length(mine)))[2:3] else c(NA, NA)
    check(outcome, arm, "median", estimate = if (length(mine)) median(mine) else NA, low = limits[1], high = limits[2])
  }
  for (pair in pairs) {
    x <- sort(values[[pair[1]]])
    y <- sort(values[[pair[2]]])
    if (length(x) + length(y) > 100) next
    found <- shift(x, y)
    check(outcome, versus(pair), "shift (Hodges-Lehmann)", estimate = found[1], low = found[2], high = found[3],
          p = found[4])
  }
}
known <- function(x) x[!is.na(x)]
onset <- ends[ends$endpoint == "crs_onset" & !is.na(ends$event) & ends$event == 1, ]
numbers("CRS onset", by_arm(function(arm) known(onset$stop[onset$arm == arm] * 24)))
mine <- episodes[episodes$scale == scale, ]
numbers("CRS duration", by_arm(function(arm) {
  hours <- vapply(split(mine[mine$arm == arm, ], mine$course_id[mine$arm == arm]), function(e)
    if (all(e$closed_by == "resolved")) sum(e$end - e$onset) / 60 else NA_real_, 0)
  known(as.numeric(hours))
}))
first <- mine[mine$episode == 1, ]
started <- first$onset[match(arm_of$course_id, first$course_id)]
per_arm <- function(minutes) by_arm(function(arm) known(minutes[arm_of$arm == arm]) / 60)
numbers(paste("time zero to", drug), per_arm(arm_of$given_at))
numbers(paste("CRS onset to", drug), per_arm(arm_of$given_at - started))
numbers(paste("trigger to", drug), per_arm(arm_of$given_at - arm_of$due_at))

# --- the sum --------------------------------------------------------------------------------------------------------
left <- effects[!seen, ]
cat(sprintf("\n%d numbers agree, %d differ; %d of %d rows of effects.csv are compared.\n", agree, differ, sum(seen),
            nrow(effects)))
if (nrow(left)) {
  cat("Not compared, since they need the records, a package beside survival (Gray) or more splits than are listed here:\n")
  cat(paste0("  ", left$outcome, " | ", left$contrast, " | ", left$measure, "\n"), sep = "")
}
if (!interactive()) quit(save = "no", status = if (differ) 1 else 0)

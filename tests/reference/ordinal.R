# Writes ordinal_ref.json: weighted proportional odds, average marginal effects and Brant's test, the plain way.
# Run in this folder: Rscript ordinal.R   (R packages survey, ordinal, MASS, jsonlite)
# Coefficients come from ordinal::clm; scores, effects and Brant's formula are written out below, derivatives of
# averages are numerical, and survey::svytotal turns influence values into a covariance.
suppressMessages({library(survey); library(ordinal); library(jsonlite)})
result <- list()

po_scores <- function(X, level, b, theta) {  # derivatives of log P(y) by b, then theta
  K <- length(theta) + 1; eta <- drop(X %*% b)
  up <- c(theta, Inf)[level] - eta; low <- c(-Inf, theta)[level] - eta
  p <- plogis(up) - plogis(low)
  S <- -X * (dlogis(up) - dlogis(low)) / p
  for (k in seq_len(K - 1)) S <- cbind(S, ((level == k) * dlogis(up) - (level == k + 1) * dlogis(low)) / p)
  S
}

fitted_po <- function(formula, data, w) {
  data$w <- w / mean(w)
  m <- clm(formula, weights = w, data = data, control = list(gradTol = 1e-12, maxIter = 200))
  K <- length(m$alpha) + 1; p <- length(m$beta)
  V <- m$vcov[c(K - 1 + seq_len(p), seq_len(K - 1)), c(K - 1 + seq_len(p), seq_len(K - 1))] / mean(w)
  list(coef = unname(m$beta), theta = unname(m$alpha), inverse = unname(V))
}

total_cov <- function(design, used, z) {  # covariance of sum(z) over the design; z / w is what is summed
  all <- matrix(0, nrow(design$variables), ncol(z)); all[used, ] <- z / weights(design)[used]
  unname(vcov(svytotal(all, design)))
}

numeric_jacobian <- function(f, at) {
  sapply(seq_along(at), function(j) { h <- 1e-5; e <- replace(0 * at, j, h)
    (8 * (f(at + e) - f(at - e)) - (f(at + 2 * e) - f(at - 2 * e))) / (12 * h) })
}

effects_by_row <- function(par, X, place, group) {  # slopes b f; columns of `group` as one factor
  p <- ncol(X); b <- par[1:p]; t <- par[p + place]
  H <- outer(dlogis(drop(X %*% b) - t), b)
  for (j in group) { X0 <- X; X0[, group] <- 0; X1 <- X0; X1[, j] <- 1
    H[, j] <- plogis(drop(X1 %*% b) - t) - plogis(drop(X0 %*% b) - t) }
  H
}

effects <- function(m, X, w, place, group, design = NULL, used = NULL, infl = NULL) {
  par <- c(m$coef, m$theta)
  average <- function(q) colSums(w * effects_by_row(q, X, place, group)) / sum(w)
  J <- numeric_jacobian(average, par)
  if (is.null(design)) return(list(estimate = average(par), cov = J %*% m$inverse %*% t(J)))
  H <- effects_by_row(par, X, place, group)
  z <- w * sweep(H, 2, average(par)) / sum(w) + infl %*% t(J)
  list(estimate = average(par), cov = total_cov(design, used, z))
}

brant <- function(X, level, w, design = NULL, used = NULL, df_design = Inf) {
  K <- max(level); p <- ncol(X); Z <- cbind(1, X)
  fits <- lapply(1:(K - 1), function(k) suppressWarnings(glm(I(level > k) ~ X, family = binomial, weights = w / mean(w),
                                   control = glm.control(epsilon = 1e-14, maxit = 100))))
  P <- sapply(fits, fitted)
  inverse <- lapply(1:(K - 1), function(k) solve(t(Z) %*% (w * P[, k] * (1 - P[, k]) * Z)))
  B <- t(sapply(fits, function(f) unname(coef(f))[-1])); if (p == 1) B <- t(B)
  if (is.null(design)) {
    V <- matrix(0, (K - 1) * p, (K - 1) * p)
    for (k in 1:(K - 1)) for (l in 1:(K - 1)) {
      a <- min(k, l); c <- max(k, l)
      block <- inverse[[k]] %*% (t(Z) %*% (w * (P[, c] - P[, a] * P[, c]) * Z)) %*% inverse[[l]]
      V[(k - 1) * p + 1:p, (l - 1) * p + 1:p] <- block[-1, -1]
    }
  } else {
    z <- do.call(cbind, lapply(1:(K - 1), function(k) ((w * ((level > k) - P[, k]) * Z) %*% inverse[[k]])[, -1, drop = FALSE]))
    V <- total_cov(design, used, z)
  }
  wald <- function(columns) {
    rows <- unlist(lapply(2:(K - 1), function(k) (k - 1) * p + columns)); first <- rep(columns, K - 2)
    D <- matrix(0, length(rows), (K - 1) * p)
    D[cbind(seq_along(rows), rows)] <- 1; D[cbind(seq_along(rows), first)] <- D[cbind(seq_along(rows), first)] - 1
    g <- D %*% as.vector(t(B)); W <- drop(t(g) %*% solve(D %*% V %*% t(D), g)); d <- length(rows)
    left <- df_design - d + 1
    p_value <- if (is.infinite(df_design)) pchisq(W, d, lower.tail = FALSE) else pf(W * left / (df_design * d), d, left, lower.tail = FALSE)
    list(statistic = W, df = d, p_value = p_value)
  }
  list(overall = wald(1:p), columns = lapply(1:p, wald), coef = B)
}

# --- a weighted table without a design: 1,681 tenants of Copenhagen ------------------------------------
h <- read.csv("mass_housing.csv")
X <- cbind(h$Infl == "Medium", h$Infl == "High", h$Type == "Apartment", h$Type == "Atrium", h$Type == "Terrace", h$Cont == "High") + 0
h$Sat <- factor(h$Sat, ordered = TRUE)
m <- fitted_po(Sat ~ X, list(Sat = h$Sat, X = X), h$Freq)
result$housing <- list(coef = m$coef, theta = m$theta, cov = m$inverse,
  effects_high = effects(m, X, h$Freq, 2, integer(0)),
  effects_high_factors = effects(m, X, h$Freq, 2, 3:5),
  brant = brant(X, as.integer(h$Sat), h$Freq))

# --- designs: California schools -----------------------------------------------------------------------
check <- function(data, design, place) {
  used <- !is.na(data$avg.ed); d <- data[used, ]; w <- weights(design)[used]
  X <- cbind(d$avg.ed, d$mobility, d$stype == "H", d$stype == "M") + 0
  y <- cut(d$meals, c(0, 25, 50, 75, 100), include.lowest = TRUE, ordered_result = TRUE)
  m <- fitted_po(y ~ X, list(y = y, X = X), w)
  infl <- w * po_scores(X, as.integer(y), m$coef, m$theta) %*% m$inverse
  used <- which(used); sub <- degf(subset(design, !is.na(avg.ed)))
  list(coef = m$coef, theta = m$theta, cov = total_cov(design, used, infl), df = sub,
       effects = effects(m, X, w, place, 3:4, design, used, infl),
       brant = brant(X, as.integer(y), w, design, used, sub))
}
clus <- read.csv("api_apiclus1.csv"); strat <- read.csv("api_apistrat.csv")
dclus <- svydesign(id = ~dnum, weights = ~pw, data = clus, fpc = ~fpc)
dstrat <- svydesign(id = ~1, strata = ~stype, weights = ~pw, data = strat, fpc = ~fpc)
totals <- c(`(Intercept)` = 6194, stypeH = 755, stypeM = 1018, sch.wideYes = 5122, comp.impYes = 4482)
free <- svydesign(id = ~dnum, weights = ~pw, data = clus)
raked <- calibrate(free, ~stype + sch.wide + comp.imp, totals, calfun = "raking", epsilon = 1e-12, maxit = 100)
result$clustered_fpc <- check(clus, dclus, 2)
result$clustered_raked <- check(clus, raked, 2)
result$raked_weights <- unname(weights(raked))
# in strata of stype the two type columns are fine: they vary between strata
result$stratified_fpc <- check(strat, dstrat, 1)

o <- svyolr(mealcat ~ avg.ed + mobility + stype,
            update(dclus, mealcat = cut(meals, c(0, 25, 50, 75, 100), include.lowest = TRUE)))
result$svyolr <- list(coef = unname(coef(o)), cov = unname(vcov(o)))
p <- MASS::polr(Sat ~ Infl + Type + Cont, weights = Freq, Hess = TRUE, control = list(reltol = 1e-15, maxit = 500),
                data = transform(h, Infl = factor(Infl, c("Low", "Medium", "High")), Type = factor(Type, c("Tower", "Apartment", "Atrium", "Terrace")), Cont = factor(Cont, c("Low", "High"))))
result$polr <- list(coef = unname(coef(p)), theta = unname(p$zeta), std_error = unname(sqrt(diag(vcov(p)))))
# two levels: a logistic regression, at R's default and run to the end
schools <- read.csv("api_apistrat.csv")
strata <- svydesign(id = ~1, strata = ~stype, weights = ~pw, data = schools, fpc = ~fpc)
for (name in c("svyglm_logit", "svyglm_logit_default")) {
  m <- svyglm(I(sch.wide == "Yes") ~ ell + meals + mobility, design = strata, family = quasibinomial(),
              control = glm.control(epsilon = if (name == "svyglm_logit") 1e-14 else 1e-8, maxit = 100))
  result[[name]] <- list(coef = unname(coef(m)), vcov = unname(vcov(m)))
}

result$versions <- list(R = R.version.string, survey = as.character(packageVersion("survey")),
  ordinal = as.character(packageVersion("ordinal")), MASS = as.character(packageVersion("MASS")))
write(toJSON(result, digits = NA, auto_unbox = TRUE, pretty = FALSE), "ordinal_ref.json")

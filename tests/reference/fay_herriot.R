# Run beside fay_herriot.csv: Rscript fay_herriot.R
suppressMessages({library(metafor); library(jsonlite)})
d <- read.csv("fay_herriot.csv")
fit <- function(d) {
  f <- rma(yi=y, vi=D, mods=~x+east, data=d, method="REML", test="z", control=list(threshold=1e-14, maxiter=1000))
  b <- blup(f)
  list(A=f$tau2, se_A=f$se.tau2, beta=as.numeric(f$beta), beta_cov=unname(as.matrix(f$vb)), estimate=as.numeric(b$pred), se_g1_g2=as.numeric(b$se), loglik=as.numeric(logLik(f, REML=TRUE)))
}
out <- list(versions=list(R=R.version.string, metafor=as.character(packageVersion("metafor"))), between=fit(d), zero=fit(transform(d, y=smooth)))
write(toJSON(out, digits=NA, auto_unbox=TRUE, pretty=TRUE), "fay_herriot_ref.json")
